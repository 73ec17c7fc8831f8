//! The program of `watch.on_change`: what has changed is its standard input.

use std::io::{Seek as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::time::{Instant, sleep, timeout_at};

use crate::changes::Comparison;
use crate::tui::join_words;
use crate::{clock, platform, report, sanitize};

use super::headless::rounded;
use super::signals::Stop;

/// How long it may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long it may still take when the user stops rdpscan.
const LAST_MOMENT: Duration = Duration::from_secs(1);
/// How often it is looked at.
const POLL: Duration = Duration::from_millis(20);

/// Runs the program, if something has changed. Its arguments and variables are the user's own: nothing from the network is in them.
///
/// # Errors
/// When it cannot be started, fails, or is still there at the deadline and is ended.
pub(super) async fn run(
    words: &[String],
    comparison: &Comparison,
    shows_errors: bool,
    stop: &Stop,
) -> Result<()> {
    let Some((program, arguments)) = words.split_first() else {
        return Ok(());
    };
    if comparison.changed().next().is_none() {
        return Ok(());
    }
    let named = sanitize::excerpt(&join_words(words));
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null());
    if !shows_errors {
        command.stderr(Stdio::null());
    }
    // A file and not a pipe: a program that does not read holds nothing up.
    let input = input(comparison).context("the changes cannot be put in a temporary file")?;
    platform::lead_group(command.stdin(input));
    let started = command.spawn();
    let mut child = started.with_context(|| format!("`{named}` cannot be started"))?;
    let deadline = clock::monotonic() + DEADLINE;
    let status = tokio::select! {
        status = timeout_at(deadline, ended(&mut child)) => status.ok(),
        () = last_moment(stop) => None,
    };
    let Some(status) = status else {
        platform::end_tree(&mut child);
        // So that no entry of it stays; one that does not even end then is left alone.
        let last = clock::monotonic() + LAST_MOMENT;
        drop(timeout_at(last, ended(&mut child)).await);
        let reason = if stop.gently.is_cancelled() {
            "rdpscan was stopped".to_owned()
        } else {
            format!("it took longer than {}", rounded(DEADLINE))
        };
        bail!("`{named}` was ended, because {reason}");
    };
    let status = status.with_context(|| format!("`{named}` is lost"))?;
    if !status.success() {
        bail!("`{named}` failed: {status}");
    }
    Ok(())
}

fn input(comparison: &Comparison) -> std::io::Result<Stdio> {
    let mut lines = Vec::new();
    report::write_changed_hosts(comparison, &mut lines)?;
    let mut file = tempfile::tempfile()?;
    file.write_all(&lines)?;
    file.rewind()?;
    Ok(file.into())
}

async fn ended(child: &mut Child) -> std::io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        sleep(POLL).await;
    }
}

/// A moment after the first signal, or at once after the second.
async fn last_moment(stop: &Stop) {
    stop.gently.cancelled().await;
    let end: Instant = clock::monotonic() + LAST_MOMENT;
    drop(timeout_at(end, stop.now.cancelled()).await);
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::changes::HostChanges;
    use crate::kit::{endpoint, now};
    use crate::model::{Change, ChangeClass, EpochId, HostKey};

    fn comparison(hosts: usize) -> Comparison {
        let host = HostChanges {
            key: HostKey::Endpoint(endpoint("10.0.0.7")),
            name: Some("srv07; $(touch x)\u{1b}[2J".into()),
            changes: vec![Change {
                class: ChangeClass::Gone,
                before: Some("healthy".to_owned()),
                after: None,
            }],
            is_row: false,
        };
        Comparison {
            before: EpochId::new("20250614T120000Z-00c0ffee".parse().unwrap(), 1),
            after: EpochId::new("20250615T120000Z-00c0ffee".parse().unwrap(), 1),
            times: (now(), now()),
            hosts: vec![host; hosts],
            unchanged: 0,
        }
    }

    fn shell(script: &str, file: &Path) -> Vec<String> {
        let words = ["sh", "-c", script, "sh"].map(str::to_owned);
        words
            .into_iter()
            .chain([file.to_str().unwrap().to_owned()])
            .collect()
    }

    async fn failure(words: &[String], hosts: usize) -> String {
        let run = run(words, &comparison(hosts), false, &Stop::default()).await;
        run.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn it_reads_a_line_for_each_host_and_nothing_of_them_is_in_its_arguments() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("found");
        let words = shell(r#"{ cat; echo "$0 $#"; env; } > "$1""#, &file);
        let all = comparison(3);
        run(&words, &all, false, &Stop::default()).await.unwrap();
        let found = std::fs::read_to_string(file).unwrap();
        let lines: Vec<&str> = found.lines().collect();
        for line in &lines[..3] {
            let host: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(host["name"], "srv07; $(touch x)\u{fffd}[2J");
            assert_eq!(host["changes"][0]["class"], "gone");
        }
        assert_eq!(lines[3], "sh 1");
        assert!(!lines[3..].concat().contains("srv07"), "{found}");
    }

    #[tokio::test]
    async fn nothing_changed_starts_nothing() {
        let missing = ["no/such/program".to_owned()];
        run(&missing, &comparison(0), false, &Stop::default())
            .await
            .unwrap();
        let reason = failure(&missing, 1).await;
        assert_eq!(reason, "`no/such/program` cannot be started");
    }

    #[tokio::test]
    async fn a_failure_and_input_that_nobody_reads_hold_nothing_up() {
        // Many times what a pipe takes.
        let words = ["sh", "-c", "exit 3"].map(str::to_owned);
        let reason = failure(&words, 20_000).await;
        assert!(reason.ends_with("failed: exit status: 3"), "{reason}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_is_ended() {
        let words = ["sh", "-c", "trap '' TERM; sleep 1000"].map(str::to_owned);
        let reason = failure(&words, 1).await;
        assert!(
            reason.ends_with("was ended, because it took longer than 30s"),
            "{reason}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_it_soon() {
        let words = ["sleep", "1000"].map(str::to_owned);
        let stop = Stop::default();
        stop.gently.cancel();
        let began = clock::monotonic();
        let reason = run(&words, &comparison(1), false, &stop).await.unwrap_err();
        assert!(clock::monotonic() - began < DEADLINE / 2);
        let reason = reason.to_string();
        assert!(reason.ends_with("because rdpscan was stopped"), "{reason}");
    }
}
