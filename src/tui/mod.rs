//! The live screen: a table of hosts that grows while the scan runs, and one page per host.
//!
//! Built as a loop of pure parts: keys become [`Action`]s through the one table of [`keymap`], [`update`] folds an action into
//! the [`Model`] and says which [`Effect`]s it wants, [`draw`] turns the model into cells. Only `event_loop` touches the
//! outside, and it can neither scan nor write reports: stopping is a token, exporting a callback.
//!
//! Nothing from the network reaches a cell without `text::clean`, and a state is always a word and a glyph, never a colour alone.

mod action;
mod aim;
mod around;
mod arranging;
mod backend;
mod clipboard;
mod columns;
mod copyable;
mod event_loop;
mod every;
mod fitting;
pub mod keymap;
mod keys;
mod list;
mod menu;
mod model;
mod offers;
mod signals;
mod terminal;
mod text;
mod theme;
mod update;
mod view;
mod writing;

pub use action::{Action, Effect, Export, MenuKind, Move, Side};
pub use around::{Feed, FixFolder, Left, Options, Outlet, TuiError};
pub use arranging::{Arranged, Wanted};
pub use copyable::{Copyable, copyables};
pub use event_loop::run;
pub use model::Model;
pub use offers::{Keeping, Offer, Offers};
pub use theme::{Palette, Theme};
pub use update::update;
pub use view::draw;
