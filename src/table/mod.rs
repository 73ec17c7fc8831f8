//! A list of hosts as people look at it: its columns, its order, and the language that says which hosts belong to it.
//!
//! The screen, the reports and `--filter` share it, so that they never disagree.

mod columns;
mod filter;
mod groups;
mod layout;
mod nearest;
mod overview;
mod sort;
mod view;

pub use columns::ColumnId;
pub use filter::{
    Candidate, Completion, FIELDS, Field, Filter, FilterError, FilterFault, Kind, Piece, PieceKind,
    SYNTAX, complete, pieces, reference,
};
pub use groups::{Group, Grouping, groups, groups_by};
pub use layout::{Columns, ColumnsError};
pub use overview::{Bar, Overview, OverviewMark, Panel, Weight};
pub use sort::{Sort, SortError, arrange};
pub use view::View;
