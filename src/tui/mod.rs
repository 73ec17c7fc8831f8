//! The live screens: a table of hosts that grows while the scan runs, an overview, and a page for each host.
//!
//! Keys become [`Action`]s through the one table of [`keymap`]; [`update`] folds an action into the [`Model`] and returns the
//! [`Effect`] that it needs; [`draw`] renders the model into cells. Only `event_loop` does I/O, and it can neither scan nor write
//! reports: it cancels a token to stop the scan, and calls an [`Exporter`] to write.
//!
//! Text from the network reaches a cell only through `text::clean`. A state is always a word and a glyph, never a colour alone.

mod action;
mod arrange;
mod backend;
mod background;
mod background_reply;
mod clipboard;
mod columns;
mod copyable;
mod effects;
mod event_loop;
mod export_task;
mod exporter;
mod fitting;
mod input;
pub mod keymap;
mod launcher;
mod legend;
mod menu;
mod model;
mod options;
mod past;
mod program;
mod signals;
mod table_state;
mod terminal;
mod text;
mod theme;
mod update;
mod view;

pub use action::{Acknowledge, Action, Effect, Export, Launch, MenuKind, Move, Side};
pub use arrange::{ArrangeRequest, ArrangedRows};
pub use copyable::Copyable;
pub use event_loop::run;
pub use exporter::{ExportFormat, Exporter, FixFolder};
pub use model::Model;
pub use options::{Capabilities, Feed, OnExit, Options, Saved, Sweep, TuiError, TuiOutcome};
pub use past::{PastAnswer, PastRequest, PastScans};
pub use program::{Program, ProgramError, join as join_words, split as split_words};
pub use terminal::restore_on_panic;
pub use theme::{Palette, Theme};
pub use update::update;
pub use view::draw;
