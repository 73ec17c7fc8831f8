//! Signals to the binary.

use std::net::UdpSocket;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::command;

#[test]
fn a_scan_of_one_name_can_be_interrupted_before_the_name_is_found() {
    let home = TempDir::new().expect("a folder");
    // Takes questions and never answers.
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let server = silent.local_addr().expect("an address").to_string();
    let arguments = ["srv05.corp.example", "--dns", &server, "--no-tui"];
    let mut child = command(home.path(), &arguments, &[("RDPSCAN_NAMES_TIMEOUT", "60s")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    silent.recv(&mut [0; 512]).expect("a question");
    interrupt(&child);
    assert_eq!(child.wait().expect("an end").code(), Some(130));
}

/// Its server takes connections and never answers, for which rdpscan waits ten seconds.
#[cfg(feature = "nats")]
#[test]
fn a_scan_by_workers_can_be_interrupted_before_the_server_answers() {
    use std::net::TcpListener;
    use std::time::Duration;

    let home = TempDir::new().expect("a folder");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let server = format!("nats://{}", silent.local_addr().expect("an address"));
    let scan = ["127.94.3.1:9", "--no-dns", "--no-tui", "--nats", &server];
    let worker = ["worker", "--allow", "127.94.3.1", "--nats", &server];
    for (arguments, status) in [(&scan[..], 130), (&worker[..], 0)] {
        let mut child = command(home.path(), arguments, &[])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let connection = silent.accept().expect("a connection");
        let began = rdpscan::clock::monotonic();
        interrupt(&child);
        assert_eq!(child.wait().expect("an end").code(), Some(status));
        assert!(began.elapsed() < Duration::from_secs(8));
        drop(connection);
    }
}

fn interrupt(child: &Child) {
    let id = i32::try_from(child.id()).expect("a process");
    let id = Pid::from_raw(id).expect("a process");
    kill_process(id, Signal::INT).expect("a signal");
}
