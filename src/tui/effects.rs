//! What the loop does for the model: effects, and the terminal between two programs.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::action::Effect;
use super::clipboard;
use super::export_task::ExportTask;
use super::exporter::Exporter;
use super::launcher::Launcher;
use super::model::Model;
use super::terminal::TerminalIo;
use crate::clock;
use crate::model::Control;

/// How long to wait for the shell to continue a job that it was asked to stop: it may be none of its jobs.
const CONTINUE_TIMEOUT: Duration = Duration::from_millis(500);

pub(super) struct EffectContext<'a> {
    pub(super) terminal: &'a mut dyn TerminalIo,
    pub(super) stop: &'a CancellationToken,
    pub(super) control: Option<&'a mpsc::Sender<Control>>,
    pub(super) export_task: ExportTask,
    pub(super) launcher: Launcher,
    /// The process is stopped, or about to be; until then, a shell should have continued it.
    pub(super) suspended: Option<Instant>,
}

impl<'a> EffectContext<'a> {
    pub(super) fn new(
        terminal: &'a mut dyn TerminalIo,
        stop: &'a CancellationToken,
        control: Option<&'a mpsc::Sender<Control>>,
        exporter: Arc<dyn Exporter>,
    ) -> Self {
        Self {
            terminal,
            stop,
            control,
            export_task: ExportTask::new(exporter),
            launcher: Launcher::new(),
            suspended: None,
        }
    }

    /// The program that had the terminal has ended; keys from before are not for the screens.
    pub(super) fn take_back<B: Backend>(
        &mut self,
        keys: &mut mpsc::Receiver<Event>,
        canvas: &mut Terminal<B>,
        model: &mut Model,
    ) {
        while keys.try_recv().is_ok() {}
        self.resume(canvas, model);
    }

    /// Everything is drawn again, on a screen that is empty.
    pub(super) fn resume<B: Backend>(&mut self, canvas: &mut Terminal<B>, model: &mut Model) {
        self.suspended = None;
        self.terminal.resume(model.mouse);
        canvas.swap_buffers();
        model.dirty = true;
    }
}

/// Carries out an effect, and returns the message about it.
pub(super) fn perform(
    model: &Model,
    effect: Effect,
    context: &mut EffectContext<'_>,
) -> Option<Result<String, String>> {
    match effect {
        // The loop has ended.
        Effect::Quit => {}
        Effect::StopScan => context.stop.cancel(),
        Effect::Suspend => {
            if !context.terminal.suspend() {
                return Some(Err(
                    "this system cannot stop a program for a while".to_owned()
                ));
            }
            context.suspended = Some(clock::monotonic() + CONTINUE_TIMEOUT);
        }
        Effect::Mouse(on) => context.terminal.capture_mouse(on),
        Effect::Control(order) => {
            let sent = context.control.map(|control| control.try_send(order));
            // A full channel: orders arrive faster than the scan can follow, and the newest is dropped.
            if !matches!(sent, Some(Ok(()))) {
                return Some(Err("the scan takes no more orders now".to_owned()));
            }
        }
        Effect::Copy { what, remark, text } => {
            let exporter = &*context.export_task.exporter;
            let (message, saved) =
                clipboard::copy(context.terminal, exporter, (&what, &remark), &text);
            context.export_task.remember(saved);
            return Some(message);
        }
        Effect::Run(launch) => return context.launcher.start(launch, context.terminal),
        Effect::Export(export) => context.export_task.export(&model.fleet, export),
        Effect::Acknowledge(wanted) => context.export_task.acknowledge(&model.fleet, wanted),
        Effect::Fix(rows) => context.export_task.write_fixes(&model.fleet, rows),
    }
    None
}
