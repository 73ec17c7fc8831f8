//! What could stand at the cursor of a command line: one answer for every shell, read from the definition of the command line
//! itself. The scripts that shells load know nothing but how to ask, so that they stay right whatever is added here.

mod shell;
#[cfg(test)]
mod tests;
mod values;

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, ValueHint};

pub use shell::Shell;
use values::Values;

/// Something that could stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The whole word.
    pub(crate) text: String,
    /// What it means, in a line; may be empty.
    pub(crate) says: String,
}

/// What else the shell shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Nothing: the candidates are all, and a blank follows the one taken.
    Words,
    /// As [`Self::Words`], but the word may go on, as a list with commas does.
    List,
    /// Offer files, in the way that the shell has for them.
    Files,
    /// Offer folders.
    Folders,
}

impl Rest {
    const fn word(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::List => "list",
            Self::Files => "files",
            Self::Folders => "folders",
        }
    }
}

/// The answer to a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    rest: Rest,
    candidates: Vec<Candidate>,
}

impl Answer {
    fn words(candidates: Vec<Candidate>) -> Self {
        let rest = Rest::Words;
        Self { rest, candidates }
    }

    /// As the scripts read it: what else to do on the first line, then a candidate on each, its meaning after a tab.
    pub(crate) fn lines(&self) -> String {
        let mut text = format!("{}\n", self.rest.word());
        for candidate in &self.candidates {
            text.push_str(&candidate.text);
            let says = brief(&candidate.says);
            if !says.is_empty() {
                text.push('\t');
                text.push_str(&says);
            }
            text.push('\n');
        }
        text
    }
}

/// The first thing that a text says: a list of candidates has a line for each.
fn brief(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().replace('\t', " ");
    let ends = ["; ", ". ", " [default", " (repeatable)"]
        .into_iter()
        .filter_map(|end| line.find(end));
    let end = ends.min().unwrap_or(line.len());
    line.get(..end).unwrap_or_default().to_owned()
}

/// What could stand in place of word number `index`; the first word, number 0, is the program. Shells that leave an empty last
/// word out are understood.
pub(crate) fn answer(mut definition: Command, words: &[OsString], index: usize) -> Answer {
    definition.build();
    let word = |at: usize| {
        words
            .get(at)
            .map(|word| word.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let mut line = Line::new(&definition);
    // The place comes from the command line, and may be anything.
    for at in 1..index.min(words.len()) {
        line.pass(&word(at));
    }
    line.at_cursor(&word(index))
}

/// A command line, read up to some word as clap reads it.
struct Line<'a> {
    command: &'a Command,
    /// The option whose value comes next.
    expecting: Option<&'a Arg>,
    /// Options that stand there already.
    given: Vec<&'a str>,
    /// Words that are no options.
    positionals: usize,
    /// Something stands before, so that a command's name is a target.
    begun: bool,
    /// After `--`.
    escaped: bool,
}

impl<'a> Line<'a> {
    const fn new(command: &'a Command) -> Self {
        Self {
            command,
            expecting: None,
            given: Vec::new(),
            positionals: 0,
            begun: false,
            escaped: false,
        }
    }

    /// Reads a word before the cursor.
    fn pass(&mut self, word: &str) {
        if self.expecting.take().is_some() {
            return;
        }
        if !self.begun
            && let Some(command) = self.command.find_subcommand(word)
        {
            *self = Self::new(command);
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

    /// What could stand in place of the word at the cursor.
    fn at_cursor(&self, word: &str) -> Answer {
        if let Some(option) = self.expecting {
            return values(option, word);
        }
        if !self.escaped && word.starts_with('-') {
            if let Some((name, value)) = word
                .strip_prefix("--")
                .and_then(|long| long.split_once('='))
            {
                let Some(option) = self.long(name).filter(|option| takes_value(option)) else {
                    return Answer::words(Vec::new());
                };
                let mut answer = values(option, value);
                for candidate in &mut answer.candidates {
                    candidate.text.insert_str(0, &format!("--{name}="));
                }
                return answer;
            }
            return Answer::words(self.options_like(word));
        }
        let mut answer = self.positional().map_or_else(
            || Answer::words(Vec::new()),
            |positional| values(positional, word),
        );
        if !self.begun {
            let commands = self.command.get_subcommands();
            let commands = commands
                .filter(|command| !command.is_hide_set() && command.get_name().starts_with(word));
            answer.candidates.extend(commands.map(|command| {
                Candidate {
                    text: command.get_name().to_owned(),
                    says: command
                        .get_about()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                }
            }));
        }
        let nothing = answer.candidates.is_empty() && answer.rest == Rest::Words;
        if nothing && word.is_empty() && !self.escaped {
            answer.candidates = self.options_like("--");
        }
        answer
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

    /// Options that begin so, but for those that stand there already and cannot be repeated.
    fn options_like(&self, word: &str) -> Vec<Candidate> {
        let open = self.options().filter(|option| {
            let repeatable = matches!(option.get_action(), ArgAction::Append | ArgAction::Count);
            repeatable || !self.given.contains(&option.get_id().as_str())
        });
        open.flat_map(|option| {
            let says = option
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            let long = option.get_long().map(|long| format!("--{long}"));
            let short = option.get_short().map(|short| format!("-{short}"));
            let texts = [long, short].into_iter().flatten();
            texts.map(move |text| Candidate {
                text,
                says: says.clone(),
            })
        })
        .filter(|candidate| candidate.text.starts_with(word))
        .collect()
    }

    /// The argument whose turn it is; the last one may take any number.
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

/// Values of an argument that begin like what stands there.
fn values(argument: &Arg, typed: &str) -> Answer {
    match values::of(argument, typed) {
        Some(Values::One(candidates)) => Answer::words(candidates),
        Some(Values::GoesOn(candidates)) => Answer {
            rest: Rest::List,
            candidates,
        },
        Some(Values::Files) => Answer {
            rest: Rest::Files,
            candidates: Vec::new(),
        },
        None => {
            let rest = match argument.get_value_hint() {
                ValueHint::FilePath | ValueHint::AnyPath => Rest::Files,
                ValueHint::DirPath => Rest::Folders,
                _ => Rest::Words,
            };
            Answer {
                rest,
                candidates: Vec::new(),
            }
        }
    }
}
