//! Exports and fixes, written on a blocking thread, so that keys and events are handled meanwhile.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use super::action::{Acknowledge, Action, Export};
use super::background::Background;
use super::exporter::Exporter;
use crate::clock;
use crate::fleet::{Fleet, HostId};
use crate::panic_guard;

/// How long quitting waits for a file. The process waits for its threads in any case: only the message is lost after this.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// The file being written, one at a time (the model sees to that), and those written so far.
pub(super) struct ExportTask {
    pub(super) exporter: Arc<dyn Exporter>,
    task: Background<(Option<PathBuf>, Action)>,
    written: Vec<PathBuf>,
}

impl ExportTask {
    pub(super) const fn new(exporter: Arc<dyn Exporter>) -> Self {
        Self {
            exporter,
            task: Background::idle(),
            written: Vec::new(),
        }
    }

    pub(super) const fn is_busy(&self) -> bool {
        self.task.is_busy()
    }

    pub(super) fn export(&mut self, fleet: &Fleet, mut export: Export) {
        let write = move |exporter: &dyn Exporter, fleet: &Fleet| {
            if export.whole {
                complete(&mut export.rows, fleet);
            }
            exporter.export(fleet, &export)
        };
        self.start(fleet, write, |result| {
            (result.clone().ok(), Action::ExportFinished(result))
        });
    }

    pub(super) fn write_fixes(&mut self, fleet: &Fleet, rows: Vec<HostId>) {
        let write =
            move |exporter: &dyn Exporter, fleet: &Fleet| exporter.write_fixes(fleet, &rows);
        self.start(fleet, write, |result| {
            let path = result.as_ref().ok().map(|folder| folder.path.clone());
            let message = result.map(|folder| folder.to_string());
            (path, Action::FixesWritten(message))
        });
    }

    pub(super) fn acknowledge(&mut self, fleet: &Fleet, wanted: Acknowledge) {
        let message = match &wanted.until {
            Some((until, _)) => format!("acknowledged {} until {until}", wanted.finding),
            None => format!("{} counts again", wanted.finding),
        };
        let write =
            move |exporter: &dyn Exporter, fleet: &Fleet| exporter.acknowledge(fleet, &wanted);
        self.start(fleet, write, |result| {
            let result = result.map(|exceptions| (exceptions, message));
            (None, Action::Acknowledged(result))
        });
    }

    /// A panic while writing is an error like any other: the screen stays.
    fn start<T>(
        &mut self,
        fleet: &Fleet,
        write: impl FnOnce(&dyn Exporter, &Fleet) -> Result<T, String> + Send + 'static,
        end: impl FnOnce(Result<T, String>) -> (Option<PathBuf>, Action) + Send + 'static,
    ) {
        let exporter = Arc::clone(&self.exporter);
        let mut fleet = fleet.clone();
        self.task.start(move || {
            end(panic_guard::contain(|| {
                // Events that are not evaluated yet belong into the file.
                if fleet.is_busy() {
                    fleet.settle();
                }
                write(&*exporter, &fleet)
            })
            .unwrap_or_else(|panic| Err(format!("internal error: {panic}"))))
        });
    }

    /// The result as an action; pending while nothing is written.
    pub(super) async fn done(&mut self) -> Action {
        let (path, action) = self.task.done().await;
        self.remember(path);
        action
    }

    pub(super) fn remember(&mut self, path: Option<PathBuf>) {
        let new = path.filter(|path| !self.written.contains(path));
        self.written.extend(new);
    }

    /// Waits for the file being written, until a timeout or Ctrl-C. Returns all paths written.
    pub(super) async fn finish(
        mut self,
        keys: &mut mpsc::Receiver<Event>,
        interrupts: impl Fn(&Event) -> bool,
    ) -> Vec<PathBuf> {
        let until = clock::monotonic() + WRITE_TIMEOUT;
        let mut open = true;
        while self.is_busy() {
            tokio::select! {
                biased;
                event = keys.recv(), if open => match event {
                    Some(event) if interrupts(&event) => break,
                    Some(_) => {}
                    None => open = false,
                },
                _ = self.done() => {}
                () = sleep_until(until) => break,
            }
        }
        self.written
    }
}

/// Rows of a whole export: those shown in their order, then those of newer events.
fn complete(rows: &mut Vec<HostId>, fleet: &Fleet) {
    rows.retain(|id| fleet.host(*id).is_some());
    let shown: HashSet<HostId> = rows.iter().copied().collect();
    let all = fleet.hosts().map(|(id, _)| id);
    rows.extend(all.filter(|id| !shown.contains(id)));
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc as sync_mpsc;

    use super::super::exporter::{ExportFormat, FixFolder};
    use super::*;
    use crate::diagnosis::Policy;
    use crate::kit;

    #[test]
    fn a_whole_export_has_the_rows_that_came_since_the_last_sort_after_those_shown() {
        let mut fleet = Fleet::new(Policy::default());
        for seq in 0..3_u64 {
            let body = kit::unresolved(&format!("gone{seq}.example"));
            fleet.apply(kit::event(seq, jiff::Timestamp::UNIX_EPOCH, body));
        }
        fleet.settle();
        let mut rows = vec![HostId::at(2), HostId::at(7), HostId::at(0)];
        complete(&mut rows, &fleet);
        assert_eq!(rows, [2, 0, 1].map(HostId::at));
    }

    /// Writes once a message comes, as slow as for a large fleet.
    #[derive(Debug)]
    struct Slow(Mutex<sync_mpsc::Receiver<()>>);

    impl Exporter for Slow {
        fn formats(&self) -> Vec<ExportFormat> {
            Vec::new()
        }

        fn export(&self, _: &Fleet, _: &Export) -> Result<PathBuf, String> {
            let message = self.0.lock().unwrap().recv();
            message.map_err(|_| "no message".to_owned())?;
            Ok("out.json".into())
        }

        fn write_fixes(&self, _: &Fleet, _: &[HostId]) -> Result<FixFolder, String> {
            panic!("a panic on purpose")
        }

        fn save_copy(&self, _: &str) -> Result<PathBuf, String> {
            Err("not asked for".to_owned())
        }
    }

    fn slow() -> (ExportTask, sync_mpsc::SyncSender<()>) {
        let (sender, receiver) = sync_mpsc::sync_channel(1);
        (
            ExportTask::new(Arc::new(Slow(Mutex::new(receiver)))),
            sender,
        )
    }

    fn fleet() -> Fleet {
        Fleet::new(Policy::default())
    }

    fn export() -> Export {
        Export {
            format: 0,
            rows: Vec::new(),
            whole: true,
            columns: Vec::new(),
            file: None,
        }
    }

    #[tokio::test]
    async fn an_export_runs_beside_the_loop_and_reports_its_path() {
        let (mut task, word) = slow();
        // Returns before the file is written.
        task.export(&fleet(), export());
        assert!(task.is_busy());
        word.send(()).unwrap();
        let action = task.done().await;
        assert_eq!(action, Action::ExportFinished(Ok("out.json".into())));
        assert!(!task.is_busy());
        assert_eq!(task.written, [PathBuf::from("out.json")]);
    }

    #[tokio::test]
    async fn a_panic_while_writing_is_an_error_on_the_screen() {
        let (mut task, _word) = slow();
        task.write_fixes(&fleet(), vec![HostId::at(0)]);
        let failed = Err("internal error: a panic on purpose".to_owned());
        assert_eq!(task.done().await, Action::FixesWritten(failed));
    }

    #[tokio::test]
    async fn quitting_waits_for_the_file_being_written() {
        let (mut task, word) = slow();
        task.export(&fleet(), export());
        word.send(()).unwrap();
        let (_, mut keys) = mpsc::channel(1);
        let written = task.finish(&mut keys, |_| false).await;
        assert_eq!(written, [PathBuf::from("out.json")]);
    }

    #[tokio::test]
    async fn ctrl_c_ends_the_wait() {
        let (mut task, word) = slow();
        task.export(&fleet(), export());
        let (sender, mut keys) = mpsc::channel(4);
        for event in [Event::FocusLost, Event::FocusGained] {
            sender.send(event).await.unwrap();
        }
        let interrupts = |event: &Event| *event == Event::FocusGained;
        let written = task.finish(&mut keys, interrupts).await;
        assert_eq!(written, Vec::<PathBuf>::new());
        word.send(()).unwrap();
    }
}
