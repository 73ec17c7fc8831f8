//! Command-line flags, as close to the text as possible.
