//! Signals to the binary.

use std::net::UdpSocket;
use std::process::Stdio;

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
    let id = i32::try_from(child.id()).expect("a process");
    let id = Pid::from_raw(id).expect("a process");
    kill_process(id, Signal::INT).expect("a signal");
    assert_eq!(child.wait().expect("an end").code(), Some(130));
}
