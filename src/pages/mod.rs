//! Pages of text for people, laid out once and rendered as text, as Markdown and on the screen.

mod entry_page;
mod host;
mod layout;
mod markdown;
mod question;
mod remedy;
mod sites;
mod text;

pub use entry_page::{full as of_entry, pages as of_entries};
pub use host::{TELL, items as answer, of_host};
pub use layout::{Code, Item, Page, Section};
pub use markdown::render as markdown;
pub use question::{NoCode, Question};
pub use sites::{NOTHING, SiteRow, SiteTable, ends_with, site_table};
pub use text::render as text;
