//! Pages of text for people, laid out once and rendered as text, as Markdown and on the screen.

mod entry_page;
mod layout;
mod markdown;
mod remedy;
mod text;

pub use entry_page::pages as of_entries;
pub use layout::{Code, Item, Page, Section};
pub use markdown::render as markdown;
pub use text::render as text;
