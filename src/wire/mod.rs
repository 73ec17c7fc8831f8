//! Sans-I/O bytes: TPKT, X.224, negotiation, the TLS peek, `TSRequest` and the NTLM challenge.
//!
//! Every decoder takes hostile bytes: bounded, without panics, and never giving a wrong answer for a cut message. Both
//! directions are here, so that the simulated fleet speaks through the same code that the tests hold against the
//! specifications. Nothing here does I/O or reads a clock.

pub mod banner;
mod cursor;
pub mod ntlm;
pub mod tls_peek;
pub mod tpkt;
pub mod tsrequest;
pub mod x224;

/// The most bytes that any one message or stage may take, in bytes.
pub const STAGE_LIMIT: usize = 64 * 1024;

/// Why bytes could not be read as what they should be. The texts are lower-case fragments, fit for
/// [`crate::model::Outcome::Malformed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The message ends before one of its fields does.
    #[error("{what} ends early")]
    Truncated {
        /// The field or message.
        what: &'static str,
    },
    /// A length field outside of its bounds.
    #[error("{what} is {value}, not {least} to {most}")]
    Length {
        /// The field.
        what: &'static str,
        /// What it says.
        value: usize,
        /// Smallest value allowed.
        least: usize,
        /// Largest value allowed.
        most: usize,
    },
    /// The first byte is not TPKT's version 3: this is another protocol (see [`banner::looks_like`]).
    #[error("first byte is 0x{0:02x}, not TPKT version 3")]
    NotTpkt(u8),
    /// A type, tag or signature that has no business here.
    #[error("{what} is 0x{value:02x}")]
    Unexpected {
        /// The field.
        what: &'static str,
        /// What it says.
        value: u32,
    },
    /// A fixed part of the message is not what the specification says.
    #[error("{0}")]
    Rule(&'static str),
}
