//! A list of hosts as people look at it: its columns, its order, and the language that says which hosts belong to it.
//!
//! The screen, the reports and `--filter` share it, so that they never disagree.

mod fields;
mod filter;
mod groups;
mod layout;
mod nearest;
mod overview;
mod search;
mod sort;
mod value;
mod view;
mod weight;

pub use fields::{Field, FieldKind, FieldSpec, KnownWord};
pub(crate) use fields::{is_self_signed, key_text};
pub use filter::{Candidate, Completion, Filter, FilterError, FilterFault, complete};
pub use groups::{Group, Grouping, groups};
pub use layout::{Columns, ColumnsError};
pub use overview::{Bar, Overview, OverviewMark, Panel};
pub use sort::{Sort, SortError, arrange};
pub use value::FieldValue;
pub use view::View;
pub use weight::Weight;
