//! Candidates at the cursor of a command line, from the definition of the command line itself. The scripts that shells load only
//! call `__complete`, so that a new option needs no new script.
//!
//! The dynamic completion of `clap_complete` does not replace this: its scripts for bash complete neither `--option=value` nor values
//! with a colon, and a blank follows lists that go on.

mod shell;
#[cfg(test)]
mod tests;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};

pub use shell::Shell;

use crate::settings::{self, Environment};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The whole word.
    pub(crate) text: String,
    /// May be empty.
    pub(crate) help: String,
}

/// What a shell does with the candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// They are all, and a blank follows the one taken.
    Words,
    /// The word may go on, as a list with commas does.
    List,
    /// The shell completes files itself.
    Files,
    Folders,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::List => "list",
            Self::Files => "files",
            Self::Folders => "folders",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Completion {
    kind: Kind,
    candidates: Vec<Candidate>,
}

impl Completion {
    const fn new(kind: Kind, candidates: Vec<Candidate>) -> Self {
        Self { kind, candidates }
    }

    /// As the scripts read it: the kind on the first line, then a candidate on each, its help after a tab.
    pub(crate) fn lines(&self) -> String {
        let mut text = format!("{}\n", self.kind.word());
        for candidate in &self.candidates {
            text.push_str(&candidate.text);
            let help = brief(&candidate.help);
            if !help.is_empty() {
                text.push('\t');
                text.push_str(&help);
            }
            text.push('\n');
        }
        text
    }
}

/// The first clause of a help text, since each candidate has one line.
fn brief(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().replace('\t', " ");
    let ends = ["; ", ". ", " [default", " (repeatable)"]
        .into_iter()
        .filter_map(|end| line.find(end));
    let end = ends.min().unwrap_or(line.len());
    line.get(..end).unwrap_or_default().to_owned()
}

/// Completes word number `index`, where 0 is the program. An empty last word may be missing in `words`.
pub(crate) fn complete(
    mut definition: Command,
    words: &[OsString],
    index: usize,
    environment: &Environment,
) -> Completion {
    definition.build();
    let word = |at: usize| {
        words
            .get(at)
            .map(|word| word.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let mut line = Line::new(&definition, environment);
    // The index comes from the command line, and may be any number.
    for at in 1..index.min(words.len()) {
        line.pass(&word(at));
    }
    line.at_cursor(&word(index))
}

/// A command line up to some word, as clap parses it.
struct Line<'a> {
    command: &'a Command,
    environment: &'a Environment,
    /// The settings file that was named.
    config: Option<PathBuf>,
    /// The option whose value comes next.
    expecting: Option<&'a Arg>,
    given: Vec<&'a str>,
    /// How many words are no options.
    positionals: usize,
    /// A word came before, so that a command's name is a target.
    begun: bool,
    /// After `--`.
    escaped: bool,
}

impl<'a> Line<'a> {
    const fn new(command: &'a Command, environment: &'a Environment) -> Self {
        Self {
            command,
            environment,
            config: None,
            expecting: None,
            given: Vec::new(),
            positionals: 0,
            begun: false,
            escaped: false,
        }
    }

    /// Parses a word before the cursor.
    fn pass(&mut self, word: &str) {
        if let Some(option) = self.expecting.take() {
            self.read(option, word);
            return;
        }
        if !self.begun
            && let Some(command) = self.command.find_subcommand(word)
        {
            *self = Self::new(command, self.environment);
            return;
        }
        self.begun = true;
        if self.escaped {
            self.positionals += 1;
        } else if word == "--" {
            self.escaped = true;
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            if let Some(option) = self.long(name) {
                self.given.push(option.get_id().as_str());
                if let Some(value) = value {
                    self.read(option, value);
                }
                self.expecting =
                    Some(option).filter(|option| takes_value(option) && value.is_none());
            }
        } else if let Some(shorts) = word.strip_prefix('-').filter(|shorts| !shorts.is_empty()) {
            self.pass_shorts(shorts);
        } else {
            self.positionals += 1;
        }
    }

    fn pass_shorts(&mut self, shorts: &str) {
        for (at, short) in shorts.char_indices() {
            let Some(option) = self
                .options()
                .find(|option| option.get_short() == Some(short))
            else {
                return;
            };
            self.given.push(option.get_id().as_str());
            if takes_value(option) {
                let value = shorts.get(at + short.len_utf8()..).unwrap_or_default();
                self.expecting = Some(option).filter(|_| value.is_empty());
                return;
            }
        }
    }

    /// Keeps what the values of other options depend on.
    fn read(&mut self, option: &Arg, value: &str) {
        if option.get_id() == "config" {
            self.config = Some(value.into());
        }
    }

    fn values(&self, option: &Arg, typed: &str) -> Completion {
        if option.get_id() != "fleet" {
            return values::of(option, typed);
        }
        let fleets = settings::fleets(self.config.as_deref(), self.environment);
        values::fleets(typed, &fleets.unwrap_or_default())
    }

    fn at_cursor(&self, word: &str) -> Completion {
        if let Some(option) = self.expecting {
            return self.values(option, word);
        }
        if !self.escaped && word.starts_with('-') {
            if let Some((name, value)) = word
                .strip_prefix("--")
                .and_then(|long| long.split_once('='))
            {
                let Some(option) = self.long(name).filter(|option| takes_value(option)) else {
                    return Completion::new(Kind::Words, Vec::new());
                };
                let mut completion = self.values(option, value);
                for candidate in &mut completion.candidates {
                    candidate.text.insert_str(0, &format!("--{name}="));
                }
                return completion;
            }
            return Completion::new(Kind::Words, self.options_like(word));
        }
        let mut completion = match self.positional() {
            Some(positional) => values::of(positional, word),
            None => Completion::new(Kind::Words, Vec::new()),
        };
        if !self.begun {
            let commands = self.command.get_subcommands();
            let commands = commands
                .filter(|command| !command.is_hide_set() && command.get_name().starts_with(word));
            completion
                .candidates
                .extend(commands.map(|command| Candidate {
                    text: command.get_name().to_owned(),
                    help: plain(command.get_about()),
                }));
        }
        let nothing = completion.candidates.is_empty() && completion.kind == Kind::Words;
        if nothing && word.is_empty() && !self.escaped {
            completion.candidates = self.options_like("--");
        }
        completion
    }

    fn options(&self) -> impl Iterator<Item = &'a Arg> + use<'a> {
        self.command
            .get_arguments()
            .filter(|argument| !argument.is_positional() && !argument.is_hide_set())
    }

    fn long(&self, name: &str) -> Option<&'a Arg> {
        self.options()
            .find(|option| option.get_long() == Some(name))
    }

    /// Options with this prefix, without those that are given and cannot be repeated.
    fn options_like(&self, word: &str) -> Vec<Candidate> {
        let open = self.options().filter(|option| {
            let repeatable = matches!(option.get_action(), ArgAction::Append | ArgAction::Count);
            repeatable || !self.given.contains(&option.get_id().as_str())
        });
        open.flat_map(|option| {
            let help = plain(option.get_help());
            let long = option.get_long().map(|long| format!("--{long}"));
            let short = option.get_short().map(|short| format!("-{short}"));
            let texts = [long, short].into_iter().flatten();
            texts.map(move |text| Candidate {
                text,
                help: help.clone(),
            })
        })
        .filter(|candidate| candidate.text.starts_with(word))
        .collect()
    }

    /// The next positional argument; the last one may take any number.
    fn positional(&self) -> Option<&'a Arg> {
        let mut taken = self.positionals;
        self.command.get_positionals().find(|argument| {
            let most = argument
                .get_num_args()
                .map_or(1, |range| range.max_values());
            let most = if matches!(argument.get_action(), ArgAction::Append) {
                usize::MAX
            } else {
                most
            };
            let fits = taken < most;
            taken = taken.saturating_sub(most);
            fits
        })
    }
}

fn takes_value(option: &Arg) -> bool {
    option.get_action().takes_values()
}

fn plain(text: Option<&StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}
