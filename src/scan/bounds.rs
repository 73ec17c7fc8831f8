//! How many connections a host that answers gets: said here once, for the dispatcher that keeps to it and for the plan that
//! promises it.

/// Attempts that may use a second connection to look closer: the first that need one. Whoever is reached by the second
/// connection only gets it every time.
const MOST_WITH_SECOND: u32 = 2;

/// Whether an attempt may use a second connection, after so many that did; `mended` when only by it anything was reached.
pub(super) const fn may_look_closer(looks: u32, mended: bool) -> bool {
    looks < MOST_WITH_SECOND || mended
}

/// Connections to one endpoint that answers, in one scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Where every attempt gets through.
    pub usual: u32,
    /// Where attempts fail, or something is asked besides: with a second connection in the first of them.
    pub closer: u32,
    /// Where only the second connection gets through, which then comes with every attempt. Never more than these.
    pub most: u32,
}

impl Connections {
    /// Of so many attempts.
    #[must_use]
    pub const fn of(attempts: u32) -> Self {
        let looks = if attempts < MOST_WITH_SECOND {
            attempts
        } else {
            MOST_WITH_SECOND
        };
        Self {
            usual: attempts,
            closer: attempts.saturating_add(looks),
            most: attempts.saturating_mul(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts what the dispatcher would allow where every attempt fails.
    fn allowed(attempts: u32, mended: bool) -> u32 {
        let looks = (0..attempts).fold(0, |looks, _| {
            looks + u32::from(may_look_closer(looks, mended))
        });
        attempts + looks
    }

    #[test]
    fn the_numbers_are_what_the_dispatcher_keeps_to() {
        for attempts in 1..=12 {
            let connections = Connections::of(attempts);
            assert_eq!(connections.usual, attempts);
            assert_eq!(connections.closer, allowed(attempts, false));
            assert_eq!(connections.most, allowed(attempts, true));
        }
    }

    #[test]
    fn by_default_they_are_those_of_the_readme() {
        assert_eq!(
            Connections::of(3),
            Connections {
                usual: 3,
                closer: 5,
                most: 6
            }
        );
    }
}
