//! Windows.

use std::fs::{File, OpenOptions};
use std::io;
#[cfg(windows)]
use std::os::windows::fs::OpenOptionsExt as _;
#[cfg(windows)]
use std::os::windows::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::CodeMeaning;
use crate::model::Shortage;

/// Winsock error codes.
const WSAEACCES: i32 = 10013;
const WSAENOPROTOOPT: i32 = 10042;
const WSAEAFNOSUPPORT: i32 = 10047;
const WSAEHOSTDOWN: i32 = 10064;
const WSAEMFILE: i32 = 10024;
const WSAEADDRINUSE: i32 = 10048;
const WSAEADDRNOTAVAIL: i32 = 10049;
const WSAENOBUFS: i32 = 10055;
/// ERROR_SHARING_VIOLATION.
const SHARING_VIOLATION: i32 = 32;
/// ERROR_PIPE_NOT_CONNECTED.
const PIPE_NOT_CONNECTED: i32 = 233;

pub(super) const fn shortage(code: i32) -> Option<Shortage> {
    match code {
        WSAEMFILE => Some(Shortage::ProcessFiles),
        WSAENOBUFS => Some(Shortage::SocketMemory),
        // No socket is bound to a port of our choice, so an address in use is a local port that is not free yet.
        WSAEADDRINUSE | WSAEADDRNOTAVAIL => Some(Shortage::LocalPorts),
        _ => None,
    }
}

/// Makes a folder and those above it. The local data folder of a user is for this user alone, and what is in it inherits that.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Files inherit the rights of their folder.
pub(super) const fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

pub(super) fn open_exclusively(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let mut opened = None;
    super::outwait(|| {
        opened = Some(open_shared_for_reading(options.clone(), path)?);
        Ok(())
    })?;
    opened.ok_or_else(|| io::ErrorKind::WouldBlock.into())
}

pub(super) fn is_free(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true);
    open_shared_for_reading(options, path).map(drop)
}

/// Fails where another process has it open to write, and for a moment keeps others from that.
fn open_shared_for_reading(mut options: OpenOptions, path: &Path) -> io::Result<File> {
    /// FILE_SHARE_READ.
    #[cfg(windows)]
    const SHARE_READ: u32 = 1;
    #[cfg(windows)]
    options.share_mode(SHARE_READ);
    #[cfg(not(windows))]
    let _ = &mut options;
    options
        .open(path)
        .map_err(|error| match error.raw_os_error() {
            Some(SHARING_VIOLATION) => io::ErrorKind::WouldBlock.into(),
            _ => error,
        })
}

pub(super) const fn reader_is_gone(code: i32) -> bool {
    code == PIPE_NOT_CONNECTED
}

#[must_use]
pub const fn time_with_sleep() -> Option<Duration> {
    None
}

/// The standard library writes UTF-16 to consoles, whatever their code page.
#[must_use]
pub const fn locale_has_unicode() -> bool {
    true
}

/// The program has a process group of its own, which no key of the console reaches, and no window.
pub fn lead_group(command: &mut Command) {
    // CREATE_NEW_PROCESS_GROUP and CREATE_NO_WINDOW.
    #[cfg(windows)]
    command.creation_flags(0x0000_0200 | 0x0800_0000);
    #[cfg(not(windows))]
    let _ = command;
}

/// Ends a program that was not waited for, with those that it has started.
pub fn end_tree(child: &mut Child) {
    let system = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    let taskkill = Path::new(&system).join("System32").join("taskkill.exe");
    let mut command = Command::new(taskkill);
    command.args(["/T", "/F", "/PID", &child.id().to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    drop(command.stderr(Stdio::null()).status());
    drop(child.kill());
}

pub(super) fn machine_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

pub(super) fn code_meaning(code: i32) -> Option<CodeMeaning> {
    match code {
        WSAEACCES => Some(CodeMeaning::OwnFilter),
        WSAENOPROTOOPT | WSAEHOSTDOWN => Some(CodeMeaning::HostUnreachable),
        WSAEAFNOSUPPORT => Some(CodeMeaning::NoAddressFamily),
        _ => None,
    }
}

#[must_use]
pub const fn descriptor_limit() -> Option<u64> {
    None
}
