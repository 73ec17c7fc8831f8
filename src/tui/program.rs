//! Programs that the screens start for one host: a Remote Desktop client, and those of the settings.
//!
//! A program gets an argument vector, and no shell reads it. Of the host it gets its address, its port and names that are valid
//! host names; never credentials.

use std::fmt;

use super::action::Launch;
use super::copyable;
use super::keymap::{Key, Keymap};
use crate::fix::HostName;
use crate::fleet::Host;
use crate::sanitize::excerpt;

/// What a word of a command can hold, each between braces.
const PLACEHOLDERS: [&str; 5] = ["target", "host", "name", "address", "port"];

/// Why a program of the settings is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    #[error(
        "`{}` is not a key and a name: write `K ssh = ssh {{host}}`",
        excerpt(_0)
    )]
    Name(String),
    #[error("there is no key `{}`", excerpt(_0))]
    Key(String),
    #[error("`{}` has a quotation mark without a second one", excerpt(_0))]
    Quote(String),
    #[error("`{}` is for a shell, and no shell reads the command", excerpt(_0))]
    Shell(String),
    #[error("the command is empty")]
    Empty,
    #[error(
        "the program itself cannot be `{}`: placeholders stand behind it",
        excerpt(_0)
    )]
    Program(String),
    #[error(
        "there is no `{}`: use {{target}}, {{host}}, {{name}}, {{address}} or {{port}}",
        excerpt(_0)
    )]
    Placeholder(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Those of the settings have one.
    pub key: Option<Key>,
    pub name: String,
    /// The program and its arguments, with placeholders.
    words: Vec<String>,
    /// It has a window of its own, and leaves the terminal to the screens.
    in_background: bool,
}

impl Program {
    /// Reads the key and the name as in `K ssh`, and the command as in `ssh {host}`: words with blanks between, a final `&` for
    /// the background. What has blanks in it stands between quotation marks.
    pub fn parse(name: &str, command: &str) -> Result<Self, ProgramError> {
        let (key, name) = name
            .trim()
            .split_once(' ')
            .ok_or_else(|| ProgramError::Name(name.to_owned()))?;
        let key = Key::parse(key).ok_or_else(|| ProgramError::Key(key.to_owned()))?;
        let end = command.trim_end().strip_suffix('&');
        let end = end.filter(|rest| rest.is_empty() || rest.ends_with(char::is_whitespace));
        let (words, in_background) = (split(end.unwrap_or(command))?, end.is_some());
        let program = words.first().ok_or(ProgramError::Empty)?;
        if program.contains(['{', '}']) {
            return Err(ProgramError::Program(program.clone()));
        }
        for word in &words {
            let mut rest = word.as_str();
            while let Some((_, behind)) = rest.split_once('{') {
                let (inside, after) = behind.split_once('}').unwrap_or((behind, ""));
                if !PLACEHOLDERS.contains(&inside) {
                    return Err(ProgramError::Placeholder(format!("{{{inside}}}")));
                }
                rest = after;
            }
        }
        Ok(Self {
            key: Some(key),
            name: name.trim().to_owned(),
            words,
            in_background,
        })
    }

    /// The Remote Desktop client of this system, and then the programs of the settings. One of the same name replaces it, and its
    /// key goes to what the settings give it to.
    #[must_use]
    pub fn all(own: &[Self], keymap: &Keymap) -> Vec<Self> {
        let command = if cfg!(windows) {
            "mstsc /v:{target} &"
        } else if cfg!(target_os = "macos") {
            "open rdp://full%20address=s:{target} &"
        } else {
            "xfreerdp /v:{target}"
        };
        let client = Self::parse("C connect", command).ok();
        let client = client.filter(|client| own.iter().all(|other| other.name != client.name));
        let client = client.map(|client| Self {
            key: client.key.filter(|key| {
                keymap.meaning(key).is_none() && own.iter().all(|other| other.key != Some(*key))
            }),
            ..client
        });
        client.into_iter().chain(own.iter().cloned()).collect()
    }

    /// The letter of its key, for menus.
    pub(super) fn letter(&self) -> Option<char> {
        let mut letters = self.key?.label().chars().collect::<Vec<_>>();
        letters.pop().filter(|_| letters.is_empty())
    }

    /// The command with the values of a host.
    ///
    /// # Errors
    /// When the host lacks a value.
    pub(super) fn launch(&self, host: &Host) -> Result<Launch, String> {
        let words = self.words.iter().map(|word| filled(word, host));
        Ok(Launch {
            words: words.collect::<Result<_, _>>()?,
            in_background: self.in_background,
            host: host.key().to_string(),
        })
    }
}

/// The words of a command, between blanks. Quotation marks keep the blanks of a word; nothing else is special.
///
/// # Errors
/// When a quotation mark is never closed, and for a word that somebody wrote for a shell.
pub fn split(command: &str) -> Result<Vec<String>, ProgramError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    // Inside quotation marks, and whether the word has any.
    let (mut is_quoted, mut has_quotes) = (false, false);
    for c in command.chars().chain([' ']) {
        match c {
            '"' => {
                (is_quoted, has_quotes) = (!is_quoted, true);
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !is_quoted => {
                if let Some(word) = word.take() {
                    if !has_quotes && is_for_shell(&word) {
                        return Err(ProgramError::Shell(word));
                    }
                    words.push(word);
                }
                has_quotes = false;
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    if is_quoted {
        return Err(ProgramError::Quote(command.to_owned()));
    }
    Ok(words)
}

/// A pipe, a redirection, or the start of what a shell would keep together.
fn is_for_shell(word: &str) -> bool {
    let redirected = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
    matches!(word, "|" | "||" | "|&" | "&" | "&&" | ";")
        || redirected.starts_with(['<', '>'])
        || word.starts_with('\'')
}

/// A command that has these words; none of them has a quotation mark.
#[must_use]
pub fn join(words: &[String]) -> String {
    let quoted = words.iter().map(|word| {
        if word.is_empty() || word.contains(char::is_whitespace) || is_for_shell(word) {
            format!("\"{word}\"")
        } else {
            word.clone()
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

fn filled(word: &str, host: &Host) -> Result<String, String> {
    let mut text = word.to_owned();
    for placeholder in PLACEHOLDERS {
        let braced = format!("{{{placeholder}}}");
        if text.contains(&braced) {
            let value = value(placeholder, host)
                .ok_or_else(|| format!("not started: this host has no valid {placeholder}"))?;
            text = text.replace(&braced, &value);
        }
    }
    Ok(text)
}

/// The value of a placeholder: only letters, digits and `-_.:[]`, and no `-` in front.
fn value(placeholder: &str, host: &Host) -> Option<String> {
    let key = host.key();
    let address = || key.endpoint().map(|endpoint| endpoint.address.to_string());
    let name = || copyable::connect_name(host, &host.history());
    match placeholder {
        "target" => copyable::connect_target(host, &host.history()),
        "host" => name().map(|name| name.to_string()).or_else(address),
        "name" => {
            let shown = host.display_name().map(HostName::parse);
            let shown = shown.and_then(Result::ok).map(|name| name.to_string());
            name().map(|name| name.to_string()).or(shown)
        }
        "address" => address(),
        _ => Some(key.port().to_string()),
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&join(&self.words))?;
        if self.in_background {
            f.write_str(" &")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::fleet::HostId;
    use crate::kit;

    fn launched(name: &str, command: &str) -> Result<Vec<String>, String> {
        let body = kit::unresolved(name);
        let event = kit::event(0, Timestamp::UNIX_EPOCH, body);
        let fleet = kit::judged([event]);
        let host = fleet.host(HostId::at(0)).unwrap();
        let program = Program::parse("K test", command).unwrap();
        program.launch(host).map(|launch| launch.words)
    }

    #[test]
    fn placeholders_are_filled_and_words_stay_words() {
        let words = launched("gone.example", "x /v:{target} -h {host} {port}").unwrap();
        assert_eq!(
            words,
            ["x", "/v:gone.example:3389", "-h", "gone.example", "3389"]
        );
    }

    #[test]
    fn a_word_in_quotation_marks_keeps_its_blanks() {
        let command = r#""C:\Program Files\x.exe" "" -n "{host} here" /v:"a b"c"#;
        let words = [
            r"C:\Program Files\x.exe",
            "",
            "-n",
            "gone.example here",
            "/v:a bc",
        ];
        assert_eq!(launched("gone.example", command).unwrap(), words);
        let program = Program::parse("K test", command).unwrap();
        let shown = Program::parse("K test", &program.to_string()).unwrap();
        assert_eq!(shown, program);
    }

    #[test]
    fn what_is_for_a_shell_is_passed_on_in_quotation_marks() {
        let words = ["sh", "-c", "x | y", "|", ">"];
        let command = r#"sh -c "x | y" "|" ">" &"#;
        assert_eq!(launched("gone.example", command).unwrap(), words);
        let program = Program::parse("K test", command).unwrap();
        assert!(program.in_background);
        assert_eq!(program.to_string(), command);
    }

    #[test]
    fn a_host_without_a_value_or_with_a_hostile_name_starts_nothing() {
        assert!(launched("gone.example", "x {address}").is_err());
        for name in ["a;reboot", "$(id)", "-oProxyCommand=id", "a b", "\u{1b}[2J"] {
            for placeholder in PLACEHOLDERS {
                if placeholder != "port" {
                    let command = format!("x {{{placeholder}}}");
                    assert!(launched(name, &command).is_err(), "{name} {placeholder}");
                }
            }
        }
    }

    #[test]
    fn an_invalid_program_is_refused_with_its_reason() {
        let refused = |name, command| Program::parse(name, command).unwrap_err();
        assert_eq!(refused("ssh", "ssh"), ProgramError::Name("ssh".into()));
        assert_eq!(
            refused("Hyper-x a", "ssh"),
            ProgramError::Key("Hyper-x".into())
        );
        assert_eq!(refused("K a", " & "), ProgramError::Empty);
        let quote = ProgramError::Quote("x \"y z".into());
        assert_eq!(refused("K a", "x \"y z"), quote);
        for (command, word) in [
            ("x {host} | less", "|"),
            ("x 2>/dev/null", "2>/dev/null"),
            ("sh -c 'x | y'", "'x"),
            ("x & y", "&"),
        ] {
            assert_eq!(refused("K a", command), ProgramError::Shell(word.into()));
        }
        let program = ProgramError::Program("{host}".into());
        assert_eq!(refused("K a", "{host} -x"), program);
        let placeholder = ProgramError::Placeholder("{password}".into());
        assert_eq!(refused("K a", "x /p:{password}"), placeholder);
    }

    #[test]
    fn a_program_called_connect_replaces_the_client_of_the_system() {
        let own = Program::parse("C connect", "remmina -c rdp://{target} &").unwrap();
        assert_eq!(own.to_string(), "remmina -c rdp://{target} &");
        let own = std::slice::from_ref(&own);
        let keymap = Keymap::default();
        assert_eq!(Program::all(own, &keymap), own);
        assert_eq!(Program::all(&[], &keymap).len(), 1);
    }

    #[test]
    fn a_key_that_the_settings_give_away_is_not_that_of_the_client() {
        let keys = |own: &[Program], keymap: &Keymap| {
            let programs = Program::all(own, keymap).into_iter();
            let keys: Vec<_> = programs.map(|program| program.key).collect();
            assert!(keymap.clone().with_programs(keys.clone()).is_ok());
            keys
        };
        let own = Program::parse("C ssh", "ssh {host}").unwrap();
        let (usual, c) = (Keymap::default(), own.key);
        assert_eq!(keys(&[], &usual), [c]);
        assert_eq!(keys(&[own], &usual), [None, c]);
        assert_eq!(keys(&[], &Keymap::rebound(&["fix = C"]).unwrap()), [None]);
    }
}
