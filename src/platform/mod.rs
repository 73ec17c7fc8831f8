//! The differences between operating systems, behind functions that exist on all of them. Callers have no `cfg`: where a platform
//! has no answer, it is `None`.

#[cfg(target_os = "linux")]
mod descriptors;
mod tcp_info;
#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
mod windows;

use std::fs::{File, OpenOptions};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

#[cfg(unix)]
use unix as os;
#[cfg(not(unix))]
use windows as os;

#[cfg(not(target_os = "linux"))]
use crate::model::Descriptors;
use crate::model::Shortage;

#[cfg(target_os = "linux")]
pub use descriptors::descriptors;
pub use os::{
    create_private_folder, descriptor_limit, end_tree, lead_group, locale_has_unicode,
    time_with_sleep,
};
pub use tcp_info::path_facts;

/// How often, and how long apart, a lock is tried.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// The meaning of an error code that has no [`io::ErrorKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeMeaning {
    /// A packet filter or a prohibiting route in the network (EACCES on Unix).
    Prohibited,
    /// This machine's own packet filter (EPERM on Unix, WSAEACCES on Windows).
    OwnFilter,
    /// An ICMP error about the host that has no `ErrorKind` (EHOSTDOWN, ENONET, ENOPROTOOPT, EPROTO).
    HostUnreachable,
    /// This machine does not support the address family (EAFNOSUPPORT), so it has no route either.
    NoAddressFamily,
}

#[must_use]
pub fn code_meaning(error: &io::Error) -> Option<CodeMeaning> {
    error.raw_os_error().and_then(os::code_meaning)
}

/// The exhausted resource (EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL and their Winsock counterparts). Against these, and no
/// other errors, fewer connections help.
#[must_use]
pub fn shortage(error: &io::Error) -> Option<Shortage> {
    error.raw_os_error().and_then(os::shortage)
}

/// Whether the reader of our output has closed it, like `| head`: a broken pipe, for which Windows has another code as well.
#[must_use]
pub fn reader_is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
        || error.raw_os_error().is_some_and(os::reader_is_gone)
}

#[cfg(not(target_os = "linux"))]
#[must_use]
pub const fn descriptors() -> Option<Descriptors> {
    None
}

/// Whether this machine has a route and a source address for packets to `address`. Sends nothing: connecting a UDP socket only
/// reads the routing table. When no socket can be created, the answer is yes.
#[must_use]
pub fn has_route(address: IpAddr) -> bool {
    // The discard port; the number does not matter.
    let there = SocketAddr::new(address, 9);
    let here: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let connected = UdpSocket::bind((here, 0)).and_then(|socket| socket.connect(there));
    !connected.is_err_and(|error| is_missing_route(&error))
}

fn is_missing_route(error: &io::Error) -> bool {
    // These are no answers of routers, since nothing was sent. An interface without an address of the family: EADDRNOTAVAIL.
    matches!(
        error.kind(),
        io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::AddrNotAvailable
    ) || code_meaning(error) == Some(CodeMeaning::NoAddressFamily)
}

/// Opens a file to read and write it, which no other process has opened this way: else [`io::ErrorKind::WouldBlock`]. Reading it is
/// left to others of the same user, and a new one is the user's own. The lock ends with the handle, and so with the process.
pub fn open_exclusively(path: &Path, is_new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(is_new);
    os::open_exclusively(&options, path)
}

/// Whether a process has the file open that way. Asking locks it for a moment.
#[must_use]
pub fn is_open_exclusively(path: &Path) -> bool {
    os::is_free(path).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// Tries again for a moment what is kept from it by a process that asks, or by a scanner of viruses.
fn outwait(mut attempt: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let mut tries = 0;
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && tries < LOCK_TRIES => {
                tries += 1;
                thread::sleep(LOCK_PAUSE);
            }
            done => return done,
        }
    }
}

/// Opens a file of this user alone to append to it, and makes it where there is none.
pub fn append_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    os::private(options.append(true).create(true)).open(path)
}

/// Fails where so many threads cannot run at once.
pub fn check_threads(count: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    thread::scope(|scope| {
        let _closed = gate.lock();
        for _ in 0..count {
            thread::Builder::new().spawn_scoped(scope, || drop(gate.lock()))?;
        }
        Ok(())
    })
}

/// The host name of this machine, `here` when it has none.
#[must_use]
pub fn machine_name() -> String {
    let name = os::machine_name();
    if name.is_empty() {
        "here".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn the_descriptor_limit_is_raised_to_the_hard_one() {
        let limit = descriptor_limit();
        let now = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        assert_eq!(limit, now.current);
        assert_eq!(now.current, now.maximum);
    }

    #[test]
    fn threads_of_a_usual_machine_can_run() {
        check_threads(32).unwrap();
    }

    #[test]
    fn a_file_is_open_exclusively_until_its_handle_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a").join("b");
        create_private_folder(&inner).unwrap();
        create_private_folder(&inner).unwrap();
        let path = inner.join("journal");
        let first = open_exclusively(&path, true).unwrap();
        let refused = open_exclusively(&path, false).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
        assert!(is_open_exclusively(&path));
        assert!(std::fs::read(&path).is_ok());
        drop(first);
        assert!(!is_open_exclusively(&path));
        open_exclusively(&path, false).unwrap();
    }

    #[test]
    fn who_asks_whether_a_file_is_open_keeps_nobody_from_opening_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        drop(open_exclusively(&path, true).unwrap());
        thread::scope(|scope| {
            let asking = scope.spawn(|| (0..2000).filter(|_| is_open_exclusively(&path)).count());
            while !asking.is_finished() {
                open_exclusively(&path, false).unwrap();
            }
        });
    }

    #[test]
    #[cfg(unix)]
    fn what_is_private_is_for_its_user_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a").join("b");
        create_private_folder(&inner).unwrap();
        let path = inner.join("journal");
        open_exclusively(&path, true).unwrap();
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&inner), mode(&path)), (0o700, 0o600));
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_loopback_connection_has_path_facts() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let facts = path_facts(&stream).unwrap();
        assert_eq!(facts.retransmits, Some(0));
        assert!(facts.rtt().unwrap() < 1_000_000, "{facts:?}");
    }

    #[test]
    #[cfg(unix)]
    fn a_program_is_ended_with_all_that_it_has_started() {
        use std::io::Read as _;
        use std::process::{Command, Stdio};
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & echo started; trap '' TERM; wait"]);
        lead_group(command.stdout(Stdio::piped()));
        let mut child = command.spawn().unwrap();
        let mut output = child.stdout.take().unwrap();
        let mut line = [0; 8];
        output.read_exact(&mut line).unwrap();
        assert_eq!(&line, b"started\n");
        end_tree(&mut child);
        // The output ends when the last process that has it is gone.
        assert_eq!(output.read_to_end(&mut Vec::new()).unwrap(), 0);
        assert!(!child.wait().unwrap().success());
    }

    #[test]
    fn this_machine_has_a_route_to_itself() {
        assert!(has_route(Ipv4Addr::LOCALHOST.into()));
    }

    #[test]
    fn a_missing_route_is_told_from_a_socket_that_could_not_be_made() {
        assert!(is_missing_route(&io::ErrorKind::NetworkUnreachable.into()));
        assert!(is_missing_route(&io::ErrorKind::AddrNotAvailable.into()));
        assert!(!is_missing_route(&io::ErrorKind::PermissionDenied.into()));
        assert!(!is_missing_route(&io::Error::other("too many open files")));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn descriptors_in_use_are_counted() {
        // Other tests open and close some at the same time, so that only many of our own show.
        let held: Vec<_> = (0..500).map(|_| File::open("/dev/null").unwrap()).collect();
        let found = descriptors().unwrap();
        assert!(found.used >= 500, "{found:?}");
        assert!(found.used <= found.limit, "{found:?}");
        assert!(descriptors::counted().unwrap() >= 500);
        drop(held);
    }

    #[test]
    fn a_reader_is_gone_when_the_pipe_is_broken_and_not_when_the_disk_is_full() {
        assert!(reader_is_gone(&io::ErrorKind::BrokenPipe.into()));
        assert!(!reader_is_gone(&io::ErrorKind::StorageFull.into()));
    }

    #[test]
    fn an_error_without_a_code_has_no_special_meaning() {
        assert_eq!(code_meaning(&io::Error::other("made up")), None);
    }
}
