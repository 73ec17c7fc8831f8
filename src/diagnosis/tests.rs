//! Whole hosts.
