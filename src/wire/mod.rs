//! Sans-I/O codecs: TPKT, X.224, negotiation, the TLS peek, `TSRequest` and the NTLM challenge.
//!
//! Decoders take hostile bytes: bounded, without panics, and never with a wrong result for a truncated message. The simulated
//! fleet uses the encoders.

pub mod banner;
mod cursor;
pub mod ntlm;
pub mod tls_peek;
pub mod tpkt;
pub mod tsrequest;
pub mod x224;

/// The most bytes of a message or stage.
pub const STAGE_LIMIT: usize = 64 * 1024;

/// Why bytes are rejected. The texts are lower-case fragments for [`crate::model::Outcome::Malformed`].
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
        /// Its value.
        value: usize,
        /// Smallest value allowed.
        least: usize,
        /// Largest value allowed.
        most: usize,
    },
    /// The first byte is not TPKT's version 3: this is another protocol (see [`banner::looks_like`]).
    #[error("first byte is 0x{0:02x}, not TPKT version 3")]
    NotTpkt(u8),
    /// An unexpected type, tag or signature.
    #[error("{what} is 0x{value:02x}")]
    Unexpected {
        /// The field.
        what: &'static str,
        /// Its value.
        value: u32,
    },
    /// A violated rule of the specification.
    #[error("{0}")]
    Rule(&'static str),
}
