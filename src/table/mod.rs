//! A list of hosts as people look at it: its columns, its order, and the language that says which hosts belong to it.
//!
//! The screen, the reports and `--filter` share it, so that they never disagree.

mod columns;
mod filter;
mod sort;

pub use columns::ColumnId;
pub use filter::{Filter, FilterError};
pub use sort::{Sort, arrange};
