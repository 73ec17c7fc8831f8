//! What to scan: text in every form that an admin writes it, as exact sets of addresses that take no memory per address.
//!
//! ```text
//!  words (arguments, lists, standard input) ─► spec (one word, pure) ─► builder ─► TargetSet ─► endpoint(permutation.at(i))
//! ```
//! Nothing here resolves a name or opens a socket. INVARIANT: no address that the user excluded is ever in a [`TargetSet`].

mod builder;
mod error;
mod import;
mod permutation;
mod ranges;
mod set;
mod spec;
mod words;

pub use builder::{ADDRESS_LIMIT, TargetSetBuilder};
pub(crate) use error::Refusal;
pub use error::{Place, Role, TargetError};
pub use permutation::Permutation;
pub use set::{GatewayTarget, NameTarget, TargetSet};
pub use words::{decode, shown};
