//! Exit statuses and what they mean: part of the command line's contract, so that scripts can rely on them.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitStatus {
    /// What was asked for was done. Bad hosts are results, not failures.
    Done = 0,
    /// Done, and a host has a finding or a state that `--fail-on` names. Never without `--fail-on`.
    Findings = 1,
    /// The command line, a setting or a file cannot be used, or the scan could not run.
    Usage = 2,
    /// Stopped by the user or a signal; what was found until then is written all the same.
    Interrupted = 130,
}

impl ExitStatus {
    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

#[cfg(test)]
mod tests {
    use super::ExitStatus::{Done, Findings, Interrupted, Usage};

    #[test]
    fn the_numbers_are_frozen() {
        assert_eq!(
            [Done, Findings, Usage, Interrupted].map(super::ExitStatus::code),
            [0, 1, 2, 130]
        );
    }
}
