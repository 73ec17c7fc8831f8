//! The screen in a real terminal: it opens, obeys keys, and gives the terminal back whatever happens.
//!
//! Each test runs this same test binary again inside of a pty, with [`screen_in_a_pty`] as the only test, which opens the
//! screen over a made-up scan and afterwards writes down what it got back.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "only tests call this, and a panic is how they fail"
)]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rdpscan::diagnosis::Policy;
use rdpscan::fleet::{Fleet, HostId};
use rdpscan::model::Progress;
use rdpscan::tui::{Export, ExportFormat, Exporter, Feed, Options, Program, run};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::cli::home;
use crate::screens::stage::{finished, fleet_events};

/// Where the child writes its note; set only for children. The binary takes no variable for a setting of its own by this name.
const NOTE: &str = "TEST_NOTE";
/// What the child runs at `C`.
const PROGRAM: &str = "RDPSCAN_TEST_PROGRAM";
const ROWS: NonZeroU16 = NonZeroU16::new(24).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(80).unwrap();
/// Between two presses of a key that may be forgotten.
const AGAIN: Duration = Duration::from_millis(100);
/// A child hangs no longer than this.
const DEADLINE: Duration = Duration::from_secs(30);

/// Ends the process the hard way as soon as anything is to be written.
#[derive(Debug)]
struct Panics;

impl Exporter for Panics {
    fn formats(&self) -> Vec<ExportFormat> {
        vec![ExportFormat {
            word: "json",
            says: "never written",
            extension: "json",
        }]
    }

    fn export(&self, _: &Fleet, _: &Export) -> Result<PathBuf, String> {
        panic!("a panic on purpose")
    }

    fn write_fixes(&self, _: &Fleet, _: &[HostId]) -> Result<rdpscan::tui::FixFolder, String> {
        panic!("a panic on purpose")
    }

    fn save_copy(&self, _: &str) -> Result<PathBuf, String> {
        panic!("a panic on purpose")
    }
}

#[test]
#[ignore = "run by the other tests, inside of a pty"]
fn screen_in_a_pty() {
    let Some(note) = std::env::var_os(NOTE) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let result = runtime.block_on(async {
        let (events, receiver) = mpsc::channel(8);
        let (_, progress) = watch::channel(Progress::default());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move {
            for event in fleet_events() {
                events.send(event).await.unwrap();
            }
            stopped.cancelled().await;
            events.send(finished()).await.unwrap();
        });
        let mut feed = Feed {
            events: Some(receiver),
            progress,
            stop,
            control: None,
            sweeps: None,
        };
        let mut options = Options::new(Box::new(Panics));
        if let Ok(command) = std::env::var(PROGRAM) {
            let program = Program::parse("C test", &command).unwrap();
            options.keymap = options.keymap.with_programs(vec![program.key]).unwrap();
            options.programs = vec![program];
        }
        run(Fleet::new(Policy::default()), &mut feed, options).await
    });
    let fleet = result.unwrap().fleet;
    let ended = fleet.end().is_some();
    // Written whole or not at all: its appearance is the signal.
    let draft = PathBuf::from(&note).with_extension("draft");
    std::fs::write(
        &draft,
        format!("{} hosts, ended {ended}", fleet.rows().len()),
    )
    .unwrap();
    std::fs::rename(draft, note).unwrap();
}

/// A terminal with the child in it.
struct Pty {
    master: Box<dyn MasterPty + Send>,
    reader: Box<dyn Read + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    screen: vt100::Parser,
    /// Everything that the child wrote.
    raw: Vec<u8>,
    folder: tempfile::TempDir,
    /// The terminal's modes before anybody changed them.
    modes: String,
}

/// A shell with jobs, which takes a line once its job is stopped, and then lets it go on.
const SHELL: &str = r#"set -m; "$0" "$@"; echo the job is stopped; read line; fg"#;

const CHILD: [&str; 4] = [
    "terminal::screen_in_a_pty",
    "--exact",
    "--ignored",
    "--nocapture",
];

impl Pty {
    fn open() -> Self {
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(CHILD);
        Self::start(command)
    }

    /// With a script that `C` runs.
    fn open_with_program(folder: &Path, script: &str) -> Self {
        let path = folder.join("program");
        std::fs::write(&path, script).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(CHILD);
        command.env(PROGRAM, format!("sh {}", path.display()));
        Self::start(command)
    }

    fn open_in_a_shell() -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", SHELL]);
        command.arg(std::env::current_exe().unwrap());
        command.args(CHILD);
        Self::start(command)
    }

    fn start(mut command: CommandBuilder) -> Self {
        let size = PtySize {
            rows: ROWS.get(),
            cols: COLUMNS.get(),
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let modes = format!("{:?}", pair.master.get_termios());
        let folder = tempfile::tempdir().unwrap();
        command.env(NOTE, folder.path().join("note"));
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        // A child that hangs is ended, so that reading from it comes to an end.
        let mut killer = child.clone_killer();
        std::thread::spawn(move || {
            std::thread::sleep(DEADLINE);
            drop(killer.kill());
        });
        Self {
            reader: pair.master.try_clone_reader().unwrap(),
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            screen: vt100::Parser::new(ROWS, COLUMNS, 0),
            raw: Vec::new(),
            folder,
            modes,
        }
    }

    fn modes(&self) -> String {
        format!("{:?}", self.master.get_termios())
    }

    fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads until the screen is as wanted; panics when the child ends before.
    fn until(&mut self, wanted: impl Fn(&vt100::Screen) -> bool) {
        let mut buffer = [0; 4096];
        while !wanted(self.screen.screen()) {
            let count = self.reader.read(&mut buffer).unwrap_or(0);
            assert!(
                count > 0,
                "the child ended; the screen:\n{}",
                self.contents()
            );
            self.screen.process(&buffer[..count]);
            self.raw.extend_from_slice(&buffer[..count]);
        }
    }

    fn until_shown(&mut self, text: &str) {
        self.until(|screen| screen.contents().contains(text));
    }

    fn press(&mut self, keys: &str) {
        press(&mut self.writer, keys);
    }

    /// Presses again until it is shown: the screens forget what is typed while they take the terminal back.
    fn press_until_shown(&mut self, keys: &str, text: &str) {
        let mut writer = std::mem::replace(&mut self.writer, Box::new(std::io::sink()));
        let (shown, waits) = std::sync::mpsc::sync_channel::<()>(0);
        let presses = std::thread::scope(|scope| {
            let presses = scope.spawn(move || {
                loop {
                    press(&mut writer, keys);
                    if waits.recv_timeout(AGAIN) != Err(RecvTimeoutError::Timeout) {
                        return writer;
                    }
                }
            });
            self.until_shown(text);
            drop(shown);
            presses.join()
        });
        self.writer = presses.unwrap();
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.process_id().unwrap()).unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Reads what is left, waits for the child, and gives what it wrote down.
    fn note(mut self) -> (vt100::Parser, String) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.reader.read(&mut buffer) {
            self.screen.process(&buffer[..count]);
            // The slave side is closed by the child's end, which the read then reports.
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                break;
            }
        }
        self.child.wait().unwrap();
        let note = std::fs::read_to_string(self.folder.path().join("note")).unwrap_or_default();
        drop(self.master);
        (self.screen, note)
    }
}

fn press(writer: &mut dyn Write, keys: &str) {
    writer.write_all(keys.as_bytes()).unwrap();
    writer.flush().unwrap();
}

const ALL: &str = "12 hosts, ended true";

#[test]
fn the_screen_opens_and_q_gives_the_terminal_back() {
    let mut pty = Pty::open();
    pty.until_shown("12 hosts");
    assert!(pty.screen.screen().alternate_screen());
    pty.press("q");
    pty.until_shown("Quit?");
    pty.press("y");
    pty.until(|screen| !screen.alternate_screen());
    let (screen, note) = pty.note();
    assert!(!screen.screen().hide_cursor());
    assert_eq!(note, ALL);
}

#[test]
fn colours_are_written_as_the_oldest_consoles_know_them() {
    let mut pty = Pty::open();
    pty.until_shown("12 hosts");
    let written = String::from_utf8_lossy(&pty.raw).into_owned();
    assert!(!written.contains("38;5;"), "one of 256 colours");
    assert!(
        written.contains("\u{1b}[33m▲ degraded"),
        "yellow of sixteen"
    );
    pty.press("\x03");
    assert_eq!(pty.note().1, ALL);
}

#[test]
fn a_host_opens_and_escape_goes_back() {
    let mut pty = Pty::open();
    pty.until_shown("12 hosts");
    pty.press("\r");
    pty.until_shown("Timeline");
    pty.press("\x1b");
    pty.until_shown("ADDRESS");
    pty.press("\x03");
    assert_eq!(pty.note().1, ALL);
}

#[test]
fn the_terminals_modes_are_as_before() {
    let mut pty = Pty::open();
    pty.until_shown("12 hosts");
    assert_ne!(pty.modes(), pty.modes, "raw while open");
    pty.press("\x03");
    pty.until(|screen| !screen.alternate_screen());
    pty.until_shown("test result");
    assert_eq!(pty.modes(), pty.modes);
}

#[test]
fn a_panic_gives_the_terminal_back_before_its_message() {
    let mut pty = Pty::open();
    pty.until_shown("12 hosts");
    pty.press("y\r");
    pty.until(|screen| {
        !screen.alternate_screen() && screen.contents().contains("a panic on purpose")
    });
    assert_eq!(pty.note().1, "");
}

#[test]
fn a_panic_while_a_file_is_written_is_an_error_on_the_screen() {
    let mut pty = Pty::open();
    pty.until_shown("12 hosts");
    pty.press("e\r\r");
    pty.until_shown("not done: internal error: a panic on purpose");
    assert!(pty.screen.screen().alternate_screen());
    pty.press("\x03");
    assert_eq!(pty.note().1, ALL);
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_draws_the_screen_again() {
    let mut pty = Pty::open_in_a_shell();
    pty.until_shown("12 hosts");
    pty.press("\x1a");
    pty.until(|screen| {
        !screen.alternate_screen() && screen.contents().contains("the job is stopped")
    });
    pty.press("\n");
    pty.until(|screen| screen.alternate_screen() && screen.contents().contains("12 hosts"));
    pty.press("\x03");
    assert_eq!(pty.note().1, ALL);
}

#[test]
fn a_key_pressed_twice_starts_one_program() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"echo started >> "$0.log"; echo it runs; sleep 1"#;
    let mut pty = Pty::open_with_program(folder.path(), script);
    pty.until_shown("12 hosts");
    pty.press("CC");
    pty.until_shown("Press Enter");
    pty.press("\r");
    pty.until(|screen| screen.alternate_screen() && screen.contents().contains("12 hosts"));
    // The second key would have been read before this one.
    pty.press_until_shown("\r", "Timeline");
    pty.press("\x03");
    assert_eq!(pty.note().1, ALL);
    let started = std::fs::read_to_string(folder.path().join("program.log")).unwrap();
    assert_eq!(started, "started\n");
}

#[test]
fn a_program_that_leaves_the_terminal_raw_strands_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut pty = Pty::open_with_program(folder.path(), "stty raw -echo");
    pty.until_shown("12 hosts");
    pty.press("C");
    pty.until_shown("Press Enter");
    pty.press("\r");
    pty.until(|screen| screen.alternate_screen() && screen.contents().contains("12 hosts"));
    pty.press_until_shown("\r", "Timeline");
    pty.press("\x03");
    pty.until(|screen| !screen.alternate_screen());
    pty.until_shown("test result");
    assert_eq!(pty.modes(), pty.modes, "as before the screens");
}

#[test]
fn a_frozen_terminal_does_not_keep_a_signal_from_ending_the_screen() {
    let mut pty = Pty::open();
    pty.until_shown("12 hosts");
    // From here on nobody reads; every key changes the colours of the whole screen.
    for _ in 0..200 {
        pty.press("t");
    }
    pty.signal(rustix::process::Signal::TERM);
    let path = pty.folder.path().join("note");
    let looks = 500;
    for _ in 0..looks {
        if path.exists() {
            break;
        }
        std::thread::sleep(DEADLINE / 2 / looks);
    }
    let note = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(note, ALL);
    pty.child.kill().unwrap();
}

#[test]
fn sigterm_gives_the_terminal_back_and_keeps_what_was_found() {
    let mut pty = Pty::open();
    pty.until_shown("12 hosts");
    pty.signal(rustix::process::Signal::TERM);
    pty.until(|screen| !screen.alternate_screen());
    assert_eq!(pty.note().1, ALL);
}

#[test]
fn a_closed_terminal_keeps_what_was_found() {
    let mut pty = Pty::open();
    pty.until_shown("12 hosts");
    let Pty {
        master,
        reader,
        writer,
        mut child,
        folder,
        ..
    } = pty;
    drop((reader, writer, master));
    child.wait().unwrap();
    let note = std::fs::read_to_string(folder.path().join("note")).unwrap();
    assert_eq!(note, ALL);
}

#[test]
fn a_scan_that_was_shown_tells_a_program_what_has_changed() {
    let home = home();
    let listener = std::net::TcpListener::bind("127.94.1.6:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let usual = [
        &*target,
        "--no-dns",
        "--attempts",
        "1",
        "--timeout",
        "200ms",
    ];
    let mut before = crate::cli::command(home.path(), &[&usual[..], &["--no-tui"]].concat(), &[]);
    assert!(before.output().unwrap().status.success());
    drop(listener);
    let flags = ["--on-change", "sh -c \"cat > changes\""];
    let scan = crate::cli::command(home.path(), &[&usual[..], &flags].concat(), &[]);
    let mut command = CommandBuilder::new(scan.get_program());
    command.env_clear();
    command.cwd(home.path());
    command.args(scan.get_args());
    for (name, value) in scan.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let mut pty = Pty::start(command);
    pty.until_shown("complete,");
    pty.press("\x03");
    pty.note();
    let told = std::fs::read_to_string(home.path().join("changes")).unwrap();
    assert!(told.contains("\"gone\""), "{told}");
}
