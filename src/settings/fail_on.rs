//! What makes a scan or a report end with exit status 1: severities of findings, and states of hosts.

use std::fmt;

use super::parse::{optional, word};
use crate::fleet::Host;
use crate::model::{HostState, Severity};
use crate::sanitize::excerpt;
use crate::targets::Refusal;

/// Hosts that call for exit status 1; the default is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FailOn(Vec<Trigger>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trigger {
    /// A finding of this severity or above.
    Severity(Severity),
    State(HostState),
}

impl Trigger {
    fn all() -> Vec<Self> {
        let severities = Severity::ALL.into_iter().map(Self::Severity);
        let states = HostState::ALL.iter().copied().map(Self::State);
        severities.chain(states).collect()
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Severity(severity) => severity.word(),
            Self::State(state) => state.word(),
        }
    }

    fn is_met_by(self, host: &Host) -> bool {
        let diagnosis = &host.diagnosis;
        match self {
            Self::Severity(least) => {
                (diagnosis.worst()).is_some_and(|worst| worst.severity >= least)
            }
            Self::State(_) if diagnosis.is_accepted() => false,
            // `--all` shows the free addresses of a range; the exit status must not depend on what is shown.
            Self::State(
                state @ (HostState::Closed | HostState::Filtered | HostState::Unreachable),
            ) => diagnosis.state == state && host.listed(),
            Self::State(state) => diagnosis.state == state,
        }
    }
}

impl FailOn {
    /// The word for [`Self::default`].
    pub(super) const NEVER: &'static str = "never";

    /// Every word that can stand in it.
    pub(super) fn words() -> Vec<&'static str> {
        let triggers = Trigger::all().into_iter().map(Trigger::word);
        triggers.chain([Self::NEVER]).collect()
    }

    /// Reads `high`, `broken,unreachable` or `never`.
    pub(super) fn read(text: &str) -> Result<Self, Refusal> {
        let triggers = optional(Self::NEVER, |text: &str| {
            text.split(',')
                .map(|item| {
                    let item = item.trim();
                    word(item, &Trigger::all(), Trigger::word).map_err(|refusal| Refusal {
                        reason: if item == text {
                            refusal.reason
                        } else {
                            format!("{} `{}`", refusal.reason, excerpt(item))
                        },
                        ..refusal
                    })
                })
                .collect::<Result<Vec<_>, _>>()
        })(text)?;
        Ok(Self(triggers.unwrap_or_default()))
    }

    /// Whether a host calls for exit status 1.
    #[must_use]
    pub fn is_met_by(&self, host: &Host) -> bool {
        self.0.iter().any(|trigger| trigger.is_met_by(host))
    }
}

/// As `FailOn::read` reads it.
impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|trigger| trigger.word()).collect();
        match words.as_slice() {
            [] => f.write_str(Self::NEVER),
            words => f.write_str(&words.join(",")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{HostMaker, attempt, closed, legacy, silent, times};
    use crate::model::{Outcome, Stage, TlsVersion};

    fn refusal(text: &str) -> String {
        let refusal = FailOn::read(text).unwrap_err();
        format!("{}; {}", refusal.reason, refusal.way_out)
    }

    #[test]
    fn severities_and_states_are_read_alone_and_in_lists() {
        for text in [
            "never",
            "high",
            "broken",
            "broken,unreachable",
            "high,closed",
        ] {
            assert_eq!(FailOn::read(text).unwrap().to_string(), text);
        }
        let spaced = FailOn::read("High, CLOSED").unwrap();
        assert_eq!(spaced.to_string(), "high,closed");
        assert_eq!(FailOn::read("Never").unwrap(), FailOn::default());
    }

    #[test]
    fn a_bad_word_is_named_with_what_may_stand_there() {
        let allowed = "use critical, high, medium, low, info, broken, degraded, skipped, not_rdp, unreachable, filtered, \
                       closed, not_probed, healthy, or never";
        assert_eq!(refusal("worse"), format!("invalid value; {allowed}"));
        assert_eq!(
            refusal("high,brokn"),
            format!("invalid value `brokn`; {allowed}")
        );
        assert!(refusal("high,never").starts_with("invalid value `never`; "));
        assert!(refusal("high,").starts_with("invalid value ``; "));
    }

    fn is_met(text: &str, made: &HostMaker) -> bool {
        let host = Host::new(&made.history, made.diagnose());
        FailOn::read(text).unwrap().is_met_by(&host)
    }

    #[test]
    fn a_severity_means_that_or_above_and_a_state_just_that() {
        let old = times(3, || attempt().shown(legacy(TlsVersion::TLS_1_2)));
        assert_eq!(old.diagnose().state, HostState::Degraded);
        for (text, met) in [
            ("never", false),
            ("high", false),
            ("medium", true),
            ("low", true),
            ("degraded", true),
            ("broken", false),
            ("broken,degraded", true),
            ("critical,broken", false),
            ("critical,low", true),
        ] {
            assert_eq!(is_met(text, &old), met, "{text}");
        }
    }

    #[test]
    fn a_listed_host_without_a_connection_is_bad_enough_and_a_free_address_never() {
        for (outcome, state) in [
            (Outcome::Refused, "closed"),
            (silent(), "filtered"),
            (Outcome::HostUnreachable, "unreachable"),
        ] {
            let listed = times(3, || attempt().stage(Stage::Tcp, outcome.clone()));
            assert!(is_met("high", &listed) && is_met(state, &listed), "{state}");
            assert!(!is_met("critical,broken", &listed), "{state}");
            let swept = listed.unlisted();
            assert!(!is_met("info", &swept) && !is_met(state, &swept), "{state}");
        }
        let broken = times(3, || attempt().tls_fails(closed(0), closed(0)));
        assert!(is_met("closed,broken", &broken) && !is_met("closed", &broken));
    }
}
