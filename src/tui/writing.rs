//! Files and folders that leave the screen, written on a thread of their own, so that keys and facts are taken meanwhile.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use super::action::{Action, Export};
use super::around::{FixFolder, Outlet};
use crate::clock;
use crate::fleet::{Fleet, HostId};

/// How long it is waited for when the screen is left. The process waits for its threads in any case; what is lost after this is
/// only the word about it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of it.
enum Wrote {
    Export(Result<PathBuf, String>),
    Fix(Result<FixFolder, String>),
}

/// What is being written, one thing at a time as the model sees to, and what was.
pub(super) struct Writing {
    outlet: Arc<dyn Outlet>,
    task: Option<JoinHandle<Wrote>>,
    written: Vec<PathBuf>,
}

impl Writing {
    pub(super) const fn new(outlet: Arc<dyn Outlet>) -> Self {
        Self {
            outlet,
            task: None,
            written: Vec::new(),
        }
    }

    /// For what is quick enough to be done at once.
    pub(super) fn outlet(&self) -> &dyn Outlet {
        &*self.outlet
    }

    /// Whether something is being written.
    pub(super) const fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    /// Begins with an export of the fleet as it stands.
    pub(super) fn export(&mut self, fleet: &Fleet, mut wanted: Export) {
        self.begin(fleet, move |outlet, fleet| {
            if wanted.whole {
                complete(&mut wanted.rows, fleet);
            }
            Wrote::Export(outlet.export(fleet, &wanted))
        });
    }

    /// Begins with a folder that mends these hosts.
    pub(super) fn fix(&mut self, fleet: &Fleet, rows: Vec<HostId>) {
        self.begin(fleet, move |outlet, fleet| {
            Wrote::Fix(outlet.fix(fleet, &rows))
        });
    }

    fn begin(
        &mut self,
        fleet: &Fleet,
        write: impl FnOnce(&dyn Outlet, &Fleet) -> Wrote + Send + 'static,
    ) {
        let outlet = Arc::clone(&self.outlet);
        let mut fleet = fleet.clone();
        let task = tokio::task::spawn_blocking(move || {
            // What is written is what is known now, judged.
            if fleet.is_busy() {
                fleet.settle();
            }
            write(&*outlet, &fleet)
        });
        self.task = Some(task);
    }

    /// Completes when what is being written is, with what is to be told of it; never when nothing is.
    pub(super) async fn done(&mut self) -> Action {
        let Some(task) = &mut self.task else {
            return std::future::pending().await;
        };
        let joined = task.await;
        self.task = None;
        match joined {
            Ok(Wrote::Export(result)) => {
                self.remember(result.clone().ok());
                Action::Exported(result)
            }
            Ok(Wrote::Fix(result)) => {
                self.remember(result.as_ref().ok().map(|folder| folder.path.clone()));
                Action::Fixed(result.map(|folder| folder.to_string()))
            }
            // The terminal was given back before the message of the panic: there is no screen to go on with.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Action::Fixed(Err("the writing was cut short".to_owned())),
        }
    }

    /// Something was written.
    pub(super) fn remember(&mut self, path: Option<PathBuf>) {
        let new = path.filter(|path| !self.written.contains(path));
        self.written.extend(new);
    }

    /// Everything that was written, with what still is: that is waited for, but not for ever, and not against Ctrl-C.
    pub(super) async fn end(
        mut self,
        keys: &mut mpsc::Receiver<Event>,
        interrupts: impl Fn(&Event) -> bool,
    ) -> Vec<PathBuf> {
        let until = clock::monotonic() + PATIENCE;
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

/// Rows of a whole export: those shown in their order, then those that the newest facts brought.
fn complete(rows: &mut Vec<HostId>, fleet: &Fleet) {
    rows.retain(|id| fleet.host(*id).is_some());
    let shown: HashSet<HostId> = rows.iter().copied().collect();
    let all = fleet.hosts().map(|(id, _)| id);
    rows.extend(all.filter(|id| !shown.contains(id)));
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc as word;

    use super::super::offers::Offer;
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

    /// An outlet that is as slow as a large fleet: it ends when it is given the word.
    struct Slow(Mutex<word::Receiver<()>>);

    impl Outlet for Slow {
        fn formats(&self) -> Vec<Offer> {
            Vec::new()
        }

        fn export(&self, _: &Fleet, _: &Export) -> Result<PathBuf, String> {
            let word = self.0.lock().unwrap().recv();
            word.map_err(|_| "nobody gives the word".to_owned())?;
            Ok("out.json".into())
        }

        fn fix(&self, _: &Fleet, _: &[HostId]) -> Result<FixFolder, String> {
            panic!("a panic on purpose")
        }

        fn keep(&self, _: &str) -> Result<PathBuf, String> {
            Err("not asked for".to_owned())
        }
    }

    fn slow() -> (Writing, word::SyncSender<()>) {
        let (sender, receiver) = word::sync_channel(1);
        (Writing::new(Arc::new(Slow(Mutex::new(receiver)))), sender)
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
        }
    }

    #[tokio::test]
    async fn an_export_holds_nobody_up_and_is_told_when_it_is_there() {
        let (mut writing, word) = slow();
        // This comes back although the word was not given yet.
        writing.export(&fleet(), export());
        assert!(writing.is_busy());
        word.send(()).unwrap();
        let told = writing.done().await;
        assert_eq!(told, Action::Exported(Ok("out.json".into())));
        assert!(!writing.is_busy());
        assert_eq!(writing.written, [PathBuf::from("out.json")]);
    }

    #[tokio::test]
    async fn a_panic_while_writing_goes_on_in_the_loop() {
        let (mut writing, _word) = slow();
        writing.fix(&fleet(), vec![HostId::at(0)]);
        let told = tokio::spawn(async move { writing.done().await }).await;
        assert!(told.is_err_and(|error| error.is_panic()));
    }

    #[tokio::test]
    async fn whoever_leaves_waits_for_what_is_being_written() {
        let (mut writing, word) = slow();
        writing.export(&fleet(), export());
        word.send(()).unwrap();
        let (_, mut keys) = mpsc::channel(1);
        let written = writing.end(&mut keys, |_| false).await;
        assert_eq!(written, [PathBuf::from("out.json")]);
    }

    #[tokio::test]
    async fn ctrl_c_ends_the_wait() {
        let (mut writing, word) = slow();
        writing.export(&fleet(), export());
        let (sender, mut keys) = mpsc::channel(4);
        for event in [Event::FocusLost, Event::FocusGained] {
            sender.send(event).await.unwrap();
        }
        let interrupts = |event: &Event| *event == Event::FocusGained;
        let written = writing.end(&mut keys, interrupts).await;
        assert_eq!(written, Vec::<PathBuf>::new());
        word.send(()).unwrap();
    }
}
