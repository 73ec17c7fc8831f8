//! Unix.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process_group, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::CodeMeaning;
use crate::model::Shortage;

pub(super) fn code_meaning(code: i32) -> Option<CodeMeaning> {
    match Errno::from_raw_os_error(code) {
        Errno::ACCESS => Some(CodeMeaning::Prohibited),
        Errno::PERM => Some(CodeMeaning::OwnFilter),
        Errno::HOSTDOWN | Errno::NOPROTOOPT | Errno::PROTO => Some(CodeMeaning::HostUnreachable),
        #[cfg(target_os = "linux")]
        Errno::NONET => Some(CodeMeaning::HostUnreachable),
        Errno::AFNOSUPPORT => Some(CodeMeaning::NoAddressFamily),
        _ => None,
    }
}

pub(super) fn shortage(code: i32) -> Option<Shortage> {
    match Errno::from_raw_os_error(code) {
        Errno::MFILE => Some(Shortage::ProcessFiles),
        Errno::NFILE => Some(Shortage::SystemFiles),
        Errno::NOBUFS | Errno::NOMEM => Some(Shortage::SocketMemory),
        Errno::ADDRNOTAVAIL => Some(Shortage::LocalPorts),
        _ => None,
    }
}

/// Makes a folder and those above it for this user alone. One that exists keeps its permissions.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// What is made is for this user alone.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

pub(super) fn open_exclusively(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.clone().mode(0o600).open(path)?;
    super::outwait(|| lock(&file, FlockOperation::NonBlockingLockExclusive))?;
    Ok(file)
}

pub(super) fn is_free(path: &Path) -> io::Result<()> {
    lock(&File::open(path)?, FlockOperation::NonBlockingLockShared)
}

fn lock(file: &File, operation: FlockOperation) -> io::Result<()> {
    match flock(file, operation) {
        Err(Errno::WOULDBLOCK) => Err(io::ErrorKind::WouldBlock.into()),
        // Some network file systems have no locks.
        _ => Ok(()),
    }
}

/// Whether the locale is one of UTF-8. Without any, the terminal is taken for one of today.
#[must_use]
pub fn locale_has_unicode() -> bool {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"].map(|name| std::env::var(name).unwrap_or_default());
    let mut set = named.iter().filter(|locale| !locale.is_empty());
    set.next().is_none_or(|locale| is_utf8(locale))
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

pub(super) const fn reader_is_gone(_code: i32) -> bool {
    false
}

/// The time since some moment, by a clock that cannot be set and that does not stop while the machine sleeps. `None` where the
/// monotonic clock of the standard library is such a clock.
#[must_use]
pub fn time_with_sleep() -> Option<Duration> {
    // The monotonic clock of XNU does not stop; Linux has another one (clock_gettime(2)).
    #[cfg(target_os = "linux")]
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    let time = clock_gettime(clock);
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec).ok()?);
    Some(seconds + Duration::from_nanos(u64::try_from(time.tv_nsec).ok()?))
}

/// The program leads a process group of its own, which no key of the terminal reaches.
pub fn lead_group(command: &mut Command) {
    command.process_group(0);
}

/// Kills a program that leads its group and was not waited for, with all of the group.
pub fn end_tree(child: &mut Child) {
    // Negative numbers and zero name other processes.
    let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let ended = leader.map(|leader| kill_process_group(leader, Signal::KILL));
    if ended.is_none_or(|ended| ended.is_err()) {
        drop(child.kill());
    }
}

pub(super) fn machine_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// The most descriptors of this process, after raising the soft limit (`RLIMIT_NOFILE`) to the hard one. `None` where there is no
/// such limit: on Windows sockets are handles.
#[must_use]
pub fn descriptor_limit() -> Option<u64> {
    let before = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    // macOS refuses a soft limit above its OPEN_MAX even when the hard one is higher: then the old limit stays.
    if before.current != before.maximum && setrlimit(Resource::Nofile, raised).is_err() {
        return before.current;
    }
    getrlimit(Resource::Nofile).current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_of_utf_8_says_so() {
        assert!(
            ["C.UTF-8", "de_DE.utf8", "en_GB.UTF-8@euro"]
                .iter()
                .all(|one| is_utf8(one))
        );
        assert!(
            ["C", "POSIX", "de_DE", "de_DE.ISO-8859-1"]
                .iter()
                .all(|one| !is_utf8(one))
        );
    }
}
