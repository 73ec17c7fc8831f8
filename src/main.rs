//! The `rdpscan` command.

fn main() {}
