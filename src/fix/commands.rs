//! The commands of a remedy for one host: those of the handbook with the values of the host.
//!
//! Only checked text is inserted: host names, addresses, hexadecimal thumbprints. A line that needs a value which the scan does not
//! know (a DNS server, an alias, a future certificate) is replaced by a comment: a command about another machine is worse than
//! none. A step for only some hosts is commented out, with its condition, since all lines are pasted at once.

use std::net::IpAddr;

use super::machine::{DetectedSystem, Machine};
use super::name::HostName;
use super::script::has_script;
use crate::diagnosis::remedies::{self, Command, Remedy, Shell, Step};
use crate::fleet::Host;
use crate::model::{DEFAULT_PORT, Endpoint, Severity};

/// Commands to paste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commands {
    pub remedy: &'static Remedy,
    /// Lines for one shell, in order; each ends with a line feed.
    pub text: String,
    /// The number of lines whose values the scan does not know.
    pub left_out: usize,
}

/// The commands for the worst finding above [`Severity::Info`] that has some.
#[must_use]
pub fn commands(host: &Host) -> Option<Commands> {
    let known = PlaceholderValues::of(host);
    let mut remedies = host
        .diagnosis
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Info)
        .flat_map(|finding| finding.remedies)
        .filter_map(|key| remedies::find(key))
        // Remedies with a script are for Windows.
        .filter(|remedy| !(known.is_not_windows && has_script(remedy)));
    remedies.find_map(|remedy| filled_in(remedy, &known))
}

/// The values of a host.
#[derive(Debug, Clone, Default)]
pub(super) struct PlaceholderValues {
    address: Option<IpAddr>,
    port: Option<u16>,
    /// A name that users use.
    name: Option<HostName>,
    /// The first label of a name that resolves only here, and its DNS zone, the domain of the host.
    record: Option<(HostName, HostName)>,
    /// The name of the computer's account: its own name, where a name that resolves only here is the same.
    account: Option<String>,
    /// The SHA-1 of the certificate.
    thumbprint: Option<String>,
    is_not_windows: bool,
}

impl PlaceholderValues {
    pub(super) fn of(host: &Host) -> Self {
        let machine = Machine::new(host, &mut Vec::new());
        let history = host.history();
        let zone = history
            .ntlm()
            .and_then(|ntlm| HostName::parse(ntlm.dns_domain.as_deref()?).ok());
        let label = machine
            .own
            .as_ref()
            .and_then(|own| HostName::parse(own.as_str().split('.').next()?).ok());
        let record =
            machine
                .own
                .as_ref()
                .zip(label.clone())
                .zip(zone)
                .and_then(|((own, label), zone)| {
                    let whole = format!("{label}.{zone}");
                    (whole == own.as_str()).then_some((label, zone))
                });
        let account = label
            .filter(|label| machine.expected.as_ref() == Some(label))
            .map(|label| label.as_str().to_ascii_uppercase());
        let thumbprint = host
            .diagnosis
            .certificate(&history)
            .map(|leaf| leaf.sha1.to_string());
        Self {
            address: machine.address,
            port: Some(machine.port),
            name: machine.usual,
            record,
            account,
            thumbprint,
            is_not_windows: machine.system == DetectedSystem::Other,
        }
    }

    /// `None` when it is not known.
    fn value(&self, placeholder: Placeholder, line: &str) -> Option<String> {
        match placeholder {
            Placeholder::Target => {
                let name = self.name.as_ref()?;
                Some(match self.port {
                    Some(port) if port != DEFAULT_PORT => format!("/v:{name}:{port}"),
                    _ => format!("/v:{name}"),
                })
            }
            Placeholder::Name => Some(self.name.as_ref()?.to_string()),
            Placeholder::Label => Some(self.record.as_ref()?.0.to_string()),
            Placeholder::Zone => Some(self.record.as_ref()?.1.to_string()),
            Placeholder::Account => self.account.clone(),
            Placeholder::Address => Some(self.address?.to_string()),
            Placeholder::AddressTarget => {
                let endpoint = Endpoint::new(self.address?, self.port?);
                Some(format!("/v:{endpoint}"))
            }
            Placeholder::Port => Some(format!("Port {}", self.port?)),
            Placeholder::ShortPort => Some(format!("-p {}", self.port?)),
            // In other lines it is the one of a future certificate.
            Placeholder::Thumbprint if line.contains("Remote Desktop") => self.thumbprint.clone(),
            Placeholder::Thumbprint | Placeholder::Reader => None,
        }
    }
}

/// An example value in the handbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placeholder {
    Target,
    Name,
    Label,
    Zone,
    Account,
    Address,
    AddressTarget,
    Port,
    ShortPort,
    Thumbprint,
    /// Known to the reader alone.
    Reader,
}

/// A text that begins with another comes before it.
const PLACEHOLDERS: [(&str, Placeholder); 19] = [
    ("/v:srv05.corp.example", Placeholder::Target),
    ("/v:10.0.0.5", Placeholder::AddressTarget),
    ("srv05.corp.example", Placeholder::Name),
    ("desk.corp.example", Placeholder::Reader),
    ("broker.corp.example", Placeholder::Reader),
    ("corp.example", Placeholder::Zone),
    ("srv05", Placeholder::Label),
    ("SRV05", Placeholder::Account),
    ("10.0.0.11", Placeholder::Reader),
    ("10.0.0.12", Placeholder::Reader),
    ("10.0.0.13", Placeholder::Reader),
    ("10.0.0.53", Placeholder::Reader),
    ("10.0.0.77", Placeholder::Reader),
    ("10.0.0.5", Placeholder::Address),
    ("10.0.9.0/24", Placeholder::Reader),
    ("2001:db8::5", Placeholder::Reader),
    ("Port 3389", Placeholder::Port),
    ("-p 3389", Placeholder::ShortPort),
    ("<thumbprint>", Placeholder::Thumbprint),
];

/// A line with all values; `None` when one is not known. Inserted values are not searched again.
pub(super) fn line(text: &str, known: &PlaceholderValues) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let found = PLACEHOLDERS
            .iter()
            .find_map(|(word, placeholder)| Some((rest.strip_prefix(word)?, placeholder)));
        if found.is_none() && begins_with_words(rest) {
            return None;
        }
        if let Some((after, placeholder)) = found {
            filled.push_str(&known.value(*placeholder, text)?);
            rest = after;
        } else {
            filled.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    Some(filled)
}

/// Whether a text begins with words in angle brackets, a value that only the reader knows.
fn begins_with_words(text: &str) -> bool {
    text.strip_prefix('<')
        .and_then(|rest| rest.split_once('>'))
        .is_some_and(|(words, _)| {
            !words.is_empty()
                && words
                    .chars()
                    .all(|c| c.is_alphabetic() || " -'".contains(c))
        })
}

/// Whether lines can be left out one by one.
fn has_independent_lines(command: &Command) -> bool {
    command.shell != Shell::Registry
        && command.text.lines().all(|line| {
            let count = |wanted: &str| line.chars().filter(|c| wanted.contains(*c)).count();
            // A variable is needed in later lines.
            count("{(") == count("})") && !line.trim_start().starts_with('$')
        })
}

/// The shell with the most steps: half a remedy in another shell does not work.
fn shell_of(remedy: &Remedy) -> Shell {
    let steps = |shell: Shell| {
        let has = |step: &&Step| step.commands.iter().any(|command| command.shell == shell);
        remedy.steps.iter().filter(has).count()
    };
    [Shell::PowerShell, Shell::Cmd, Shell::Registry]
        .into_iter()
        .rev()
        .max_by_key(|shell| steps(*shell))
        .unwrap_or(Shell::PowerShell)
}

/// `None` when no line is left.
fn filled_in(remedy: &'static Remedy, known: &PlaceholderValues) -> Option<Commands> {
    let shell = shell_of(remedy);
    let comment = match shell {
        Shell::PowerShell => "#",
        Shell::Cmd => "rem",
        Shell::Registry => ";",
    };
    let key = &remedy.key;
    // Steps may be alternatives: headings show where one begins, and where to read about it.
    let plain = |text: &str| text.replace(|c: char| "&|<>^%".contains(c), "");
    let title = plain(&remedy.title);
    let mut lines = vec![format!(
        "{comment} {key}: {title}. The steps: rdpscan explain {key}"
    )];
    let (mut kept, mut left_out) = (0_usize, 0_usize);
    for (number, step) in (1..).zip(&remedy.steps) {
        let mut missing = 0;
        let heading = lines.len();
        let of_shell = step
            .commands
            .iter()
            .filter(|command| command.shell == shell);
        let mut any = false;
        for command in of_shell {
            any = true;
            let filled: Vec<Option<String>> = command
                .text
                .trim_end()
                .lines()
                .map(|text| line(text, known))
                .collect();
            let lost = filled.iter().filter(|line| line.is_none()).count();
            if lost > 0 && !has_independent_lines(command) {
                missing += filled.len();
                continue;
            }
            missing += lost;
            let filled = filled.into_iter().flatten();
            if step.only_if {
                lines.extend(filled.map(|line| format!("{comment} {line}")));
            } else {
                let before = lines.len();
                lines.extend(filled);
                kept += lines.len() - before;
            }
        }
        if lines.len() > heading {
            let begins = if step.only_if {
                format!(
                    "{comment} step {number}, not for every host: {}",
                    plain(&step.text)
                )
            } else {
                format!("{comment} step {number}")
            };
            lines.insert(heading, begins);
        }
        if missing > 0 {
            left_out += missing;
            let what = match missing {
                1 => "a line is left out, because the scan does not know what it needs".to_owned(),
                many => format!(
                    "{many} lines are left out, because the scan does not know what they need"
                ),
            };
            lines.push(format!("{comment} step {number}: {what}"));
        } else if !any && !step.commands.is_empty() {
            lines.push(format!("{comment} step {number} is done in another shell"));
        }
    }
    (kept > 0).then(|| Commands {
        remedy,
        text: lines.join("\n") + "\n",
        left_out,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Values that the handbook does not have.
    pub(in crate::fix) fn all_known() -> PlaceholderValues {
        PlaceholderValues {
            address: Some("192.0.2.9".parse().unwrap()),
            port: Some(3390),
            name: HostName::parse("web1.ad.test").ok(),
            record: HostName::parse("web1")
                .ok()
                .zip(HostName::parse("ad.test").ok()),
            account: Some("WEB1".to_owned()),
            thumbprint: Some("ab".repeat(20)),
            is_not_windows: false,
        }
    }

    pub(in crate::fix) fn is_of_the_handbook(text: &str) -> bool {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('<') {
            let word = after.split('>').next().unwrap_or_default();
            if after.contains('>') && word.chars().all(|c| c.is_ascii_lowercase() || c == ' ') {
                return true;
            }
            rest = after;
        }
        ["example", "srv05", "SRV05", "10.0.", "2001:db8", "3389"]
            .iter()
            .any(|word| text.contains(word))
    }

    #[test]
    fn nothing_of_the_handbooks_own_machines_is_ever_left() {
        for known in [PlaceholderValues::default(), all_known()] {
            for remedy in remedies::all() {
                if let Some(commands) = filled_in(remedy, &known) {
                    assert!(
                        !is_of_the_handbook(&commands.text),
                        "{}: {}",
                        remedy.key,
                        commands.text
                    );
                    assert!(!commands.text.chars().any(|c| c.is_control() && c != '\n'));
                }
            }
        }
    }

    #[test]
    fn every_placeholder_is_one_of_the_handbook() {
        let all: String = remedies::all()
            .iter()
            .flat_map(Remedy::commands)
            .map(|command| command.text.as_str())
            .collect();
        for (word, _) in PLACEHOLDERS {
            assert!(all.contains(word), "{word}");
        }
    }

    #[test]
    fn the_thumbprint_that_the_host_shows_goes_where_the_old_certificate_is_meant() {
        let known = all_known();
        let renew = filled_in(remedies::find("R1").unwrap(), &known).unwrap();
        let path = format!("'Cert:\\LocalMachine\\Remote Desktop\\{}'", "ab".repeat(20));
        assert!(renew.text.contains(&format!("Remove-Item -Path {path}")));
        assert_eq!(renew.left_out, 0);
        let bind = filled_in(remedies::find("R4").unwrap(), &known).unwrap();
        assert!(
            !bind.text.contains("abab"),
            "a new certificate is to be bound"
        );
        assert!(bind.left_out > 1);
        assert!(
            !bind.text.contains("$certificate"),
            "a line goes with those that need it: {}",
            bind.text
        );
    }

    #[test]
    fn commands_are_those_of_one_shell_in_order() {
        let renew = filled_in(remedies::find("R1").unwrap(), &all_known()).unwrap();
        assert!(
            renew
                .text
                .starts_with("# R1: Renew the self-signed certificate. The steps: rdpscan explain R1\n# step 1\nGet-Service -Name SessionEnv"),
            "{}",
            renew.text
        );
        assert!(
            renew
                .text
                .contains("\nRestart-Service -Name SessionEnv -Force\n# step 5\n")
        );
        assert!(!renew.text.contains("certutil") && !renew.text.contains("net stop"));
    }

    #[test]
    fn what_is_not_known_is_left_out_and_said_in_its_place() {
        let known = PlaceholderValues {
            thumbprint: None,
            ..all_known()
        };
        let renew = filled_in(remedies::find("R1").unwrap(), &known).unwrap();
        assert_eq!(renew.left_out, 6);
        assert!(
            renew
                .text
                .contains("\n# step 6: 6 lines are left out, because the scan does not know"),
            "{}",
            renew.text
        );
    }

    #[test]
    fn a_step_that_only_some_hosts_want_is_never_pasted() {
        let mut seen = 0;
        for remedy in remedies::all() {
            let Some(commands) = filled_in(remedy, &all_known()) else {
                continue;
            };
            let comment = match shell_of(remedy) {
                Shell::PowerShell => "# ",
                Shell::Cmd => "rem ",
                Shell::Registry => "; ",
            };
            let mut only_if = false;
            for line in commands.text.lines() {
                let begins = line
                    .strip_prefix(comment)
                    .and_then(|rest| rest.strip_prefix("step "));
                if let Some(rest) = begins {
                    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                    let number: usize = digits.parse().unwrap();
                    only_if = remedy.steps.get(number - 1).unwrap().only_if;
                    seen += usize::from(only_if);
                }
                assert!(
                    !only_if || line.starts_with(comment),
                    "{}: {line}",
                    remedy.key
                );
            }
        }
        assert!(seen > 6, "{seen}");
    }

    #[test]
    fn what_says_only_if_is_marked_so() {
        for remedy in remedies::all() {
            for step in &remedy.steps {
                let conditional = step.text.starts_with("Only ") || step.text.starts_with("If ");
                let changes = step.commands.iter().any(|command| !command.read_only);
                assert!(
                    !(conditional && changes) || step.only_if,
                    "{}: {}",
                    remedy.key,
                    step.text
                );
            }
        }
    }

    #[test]
    fn no_change_or_backup_is_lost_with_another_shell() {
        for remedy in remedies::all() {
            let shell = shell_of(remedy);
            for step in &remedy.steps {
                let changing = |wanted: &dyn Fn(Shell) -> bool| {
                    let mut commands = step.commands.iter();
                    commands.any(|command| !command.read_only && wanted(command.shell))
                };
                assert!(
                    !changing(&|other| other != shell) || changing(&|own| own == shell),
                    "{}: {}",
                    remedy.key,
                    step.text
                );
                let saves = |wanted: &dyn Fn(Shell) -> bool| {
                    let mut commands = step.commands.iter();
                    commands
                        .any(|command| command.text.contains(" export ") && wanted(command.shell))
                };
                assert!(
                    !saves(&|_| true) || saves(&|own| own == shell),
                    "{}: {}",
                    remedy.key,
                    step.text
                );
            }
        }
    }

    #[test]
    fn a_certificate_is_removed_only_behind_its_guard_and_as_a_comment() {
        let renew = filled_in(remedies::find("R1").unwrap(), &all_known()).unwrap();
        let guard = renew.text.find("\n# if (-not $bound -or ").unwrap();
        let removal = renew.text.find("\n#     Remove-Item ").unwrap();
        let end = renew.text.find("\n# } else { Write-Warning").unwrap();
        assert!(guard < removal && removal < end, "{}", renew.text);
        assert_eq!(renew.text.matches("Remove-Item ").count(), 1);
    }

    #[test]
    fn a_port_of_its_own_goes_along() {
        let known = all_known();
        let reach = filled_in(remedies::find("R7").unwrap(), &known).unwrap();
        assert!(
            reach
                .text
                .contains("-ComputerName web1.ad.test -Port 3390 ")
        );
        let name = filled_in(remedies::find("R11").unwrap(), &known).unwrap();
        assert!(
            name.text
                .contains("\nrem step 1\nmstsc /v:web1.ad.test:3390\n"),
            "{}",
            name.text
        );
        let owner = filled_in(remedies::find("R8").unwrap(), &known).unwrap();
        assert!(owner.text.contains("-LocalPort 3390 "), "{}", owner.text);
        let usual = PlaceholderValues {
            port: Some(3389),
            ..known
        };
        let name = filled_in(remedies::find("R11").unwrap(), &usual).unwrap();
        assert!(name.text.contains("\nmstsc /v:web1.ad.test\n"));
    }
}
