//! Versions of network text that are safe for one sink each.
