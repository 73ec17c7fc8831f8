//! How many connections a host that answers gets: the limit of its probe plan, and what the dry run shows.

/// Probes of other kinds that a host gets where default ones leave something open, `--check-nla` aside.
pub(super) const MOST_OTHERS: u32 = 2;
/// Default probes repeated beyond those that were asked for, where servers that take turns are not ruled out.
const MOST_REPEATS: u32 = 3;
/// With fewer attempts nothing is repeated: the user asked for a quick scan.
const REPEATS_FROM: u32 = 3;

/// Connections to one endpoint that answers, in one scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Where every attempt gets through.
    pub usual: u32,
    /// Where attempts fail, or something is asked besides.
    pub closer: u32,
    /// Where attempts are cut off and another kind of probe is answered. Never more than these.
    pub most: u32,
}

impl Connections {
    /// Of so many attempts, and one more connection where NLA is checked.
    #[must_use]
    pub const fn of(attempts: u32, check_nla: bool) -> Self {
        let limits = Self::without_check(attempts);
        let extra = check_nla as u32;
        Self {
            usual: limits.usual.saturating_add(extra),
            closer: limits.closer.saturating_add(extra),
            most: limits.most.saturating_add(extra),
        }
    }

    const fn without_check(attempts: u32) -> Self {
        let others = if attempts < MOST_OTHERS {
            attempts
        } else {
            MOST_OTHERS
        };
        let closer = attempts.saturating_add(others);
        Self {
            usual: attempts,
            closer,
            most: if attempts < REPEATS_FROM {
                closer
            } else {
                closer.saturating_add(MOST_REPEATS)
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_they_are_those_of_the_readme() {
        assert_eq!(
            Connections::of(3, false),
            Connections {
                usual: 3,
                closer: 5,
                most: 8
            }
        );
    }
}
