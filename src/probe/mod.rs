//! One attempt at one host: every stage with its own deadline, start, duration and outcome.

pub mod certificate;
pub mod dns;
pub mod tcp;
pub mod trust;
