//! What to scan: targets as text, parsed into exact sets of addresses that take no memory per address.
//!
//! ```text
//!  words (arguments, lists, standard input) ─► spec (one word, pure) ─► builder ─► TargetSet ─► endpoint(permutation.at(i))
//! ```
//! INVARIANT: a [`TargetSet`] holds no address that the user excluded, but for excludes added to a scan that is resumed.

mod address_list;
mod argument;
mod bad_lines;
mod builder;
mod encoding;
mod error;
mod import;
mod list;
mod permutation;
mod planned;
mod ranges;
mod set;
mod spec;

pub use address_list::AddressList;
pub use builder::{ADDRESS_LIMIT, SavedHost, SavedReader, TargetSetBuilder};
pub use encoding::decode;
pub use error::{InputPlace, Refusal, Role, TargetError};
pub(crate) use import::file_formats;
pub use permutation::Permutation;
pub use planned::DamagedPlan;
pub use set::{GatewayTarget, ListSummary, NameTarget, TargetSet};
