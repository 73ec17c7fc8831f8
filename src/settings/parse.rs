//! The parsers of settings, for flags, variables and files alike. Every refusal says what would be taken.

use std::ffi::OsStr;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, Error};
use jiff::SignedDuration;

use super::nearest;
use crate::changes::Confirm;
use crate::history::Keep;
use crate::report::Format;
use crate::sanitize::excerpt;
use crate::table::{Columns, Filter, Sort};
use crate::targets::Refusal;
use crate::tui::keymap::{BINDINGS, Keymap, KeymapError};
use crate::tui::{Program, ProgramError, split_words};

/// More ports than this is another kind of scan.
const MOST_PORTS: usize = 64;
/// The port of DNS.
const DNS_PORT: u16 = 53;

/// The advice for a value that is more than a number or a word.
const CORRECT: &str = "correct it";

/// What reads a text, with blanks around it or without.
pub(super) trait Parse<T>:
    Fn(&str) -> Result<T, Refusal> + Clone + Send + Sync + 'static
{
}

impl<T, F: Fn(&str) -> Result<T, Refusal> + Clone + Send + Sync + 'static> Parse<T> for F {}

/// A whole number within `limits`, written plainly.
pub(super) fn whole<T>(limits: RangeInclusive<T>) -> impl Parse<T>
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let text = text.trim();
        let way_out = || format!("use {} to {}", limits.start(), limits.end());
        let is_number =
            |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        if text.strip_prefix('-').is_some_and(is_number) {
            return Err(Refusal::new("out of range", way_out()));
        }
        if !is_number(text) {
            return Err(Refusal::new("not a whole number", way_out()));
        }
        text.parse()
            .ok()
            .filter(|number| limits.contains(number))
            .ok_or_else(|| Refusal::new("out of range", way_out()))
    }
}

/// `true` or `false`.
pub(super) fn switch(text: &str) -> Result<bool, Refusal> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(Refusal::new("neither true nor false", "use true or false")),
    }
}

/// One of some words.
pub(super) fn word<T: Copy>(
    text: &str,
    all: &[T],
    word_of: impl Fn(T) -> &'static str,
) -> Result<T, Refusal> {
    let text = text.trim().to_ascii_lowercase();
    all.iter()
        .copied()
        .find(|value| word_of(*value) == text)
        .ok_or_else(|| {
            let words: Vec<_> = all.iter().map(|value| word_of(*value)).collect();
            Refusal::new("invalid value", format!("use {}", words.join(", ")))
        })
}

/// A value, or a word for having none.
pub(super) fn optional<T: 'static>(
    none: &'static str,
    parse: impl Parse<T>,
) -> impl Parse<Option<T>> {
    move |text| {
        let text = text.trim();
        if text.eq_ignore_ascii_case(none) {
            return Ok(None);
        }
        parse(text).map(Some).map_err(|refusal| {
            let way_out = refusal.way_out;
            let verb = if way_out == CORRECT { "use " } else { "" };
            Refusal::new(refusal.reason, format!("{way_out}, or {verb}{none}"))
        })
    }
}

/// A parser whose words are known: the help lists them and shells complete them.
#[derive(Clone)]
pub(super) struct Listed<P> {
    words: Vec<&'static str>,
    parse: P,
}

impl<P> Listed<P> {
    pub(super) const fn new(words: Vec<&'static str>, parse: P) -> Self {
        Self { words, parse }
    }

    /// Takes `none` as well, for having no value.
    pub(super) fn or<T: 'static>(self, none: &'static str) -> Listed<impl Parse<Option<T>>>
    where
        P: Parse<T>,
    {
        let words = [&*self.words, &[none]].concat();
        Listed::new(words, optional(none, self.parse))
    }
}

impl<P: TypedValueParser> TypedValueParser for Listed<P> {
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<P::Value, Error> {
        self.parse.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.words.iter().map(PossibleValue::new)))
    }
}

/// A format, of which help and completion list those with a form for changes.
pub(crate) fn comparison_format() -> impl TypedValueParser<Value = Option<Format>> {
    let words = Format::comparisons().map(Format::word);
    let parse = |text: &str| word(text, &Format::ALL, Format::word);
    Listed::new(words.collect(), parse).or("auto")
}

/// One of the words of `all`.
pub(super) fn listed<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    word_of: fn(T) -> &'static str,
) -> Listed<impl Parse<T>> {
    let words = all.iter().copied().map(word_of).collect();
    Listed::new(words, move |text: &str| word(text, all, word_of))
}

/// A time with its unit.
pub(super) fn duration(limits: RangeInclusive<Duration>) -> impl Parse<Duration> {
    move |text| within(text, &limits)
}

fn within(text: &str, limits: &RangeInclusive<Duration>) -> Result<Duration, Refusal> {
    let text = text.trim();
    let way_out = || {
        format!(
            "use {} to {}",
            duration_text(*limits.start()),
            duration_text(*limits.end())
        )
    };
    if !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) {
        // Only units that bring the number within the limits.
        let advised: Vec<String> = ["s", "ms"]
            .into_iter()
            .map(|unit| format!("{text}{unit}"))
            .filter(|time| within(time, limits).is_ok())
            .collect();
        let way_out = if advised.is_empty() {
            way_out()
        } else {
            format!("write {}", advised.join(" or "))
        };
        return Err(Refusal::new("a time needs its unit", way_out));
    }
    let Ok(signed) = text.parse::<SignedDuration>() else {
        return Err(Refusal::new(
            "not a time",
            "write a number and its unit, such as 300ms, 2s or 5m",
        ));
    };
    Duration::try_from(signed)
        .ok()
        .filter(|time| limits.contains(time))
        .ok_or_else(|| Refusal::new("out of range", way_out()))
}

/// How many scans are kept, and for how many days.
pub(super) fn keep(text: &str) -> Result<Keep, Refusal> {
    let mut keep = Keep {
        scans: None,
        days: None,
    };
    if text.trim().eq_ignore_ascii_case("all") {
        return Ok(keep);
    }
    let number = whole(1..=100_000);
    for item in items(text) {
        let limit = match item.strip_suffix(['d', 'D']) {
            Some(days) => keep.days.replace(number(days)?),
            None => keep.scans.replace(number(item)?),
        };
        if limit.is_some() {
            return Err(Refusal::new("a limit is given twice", KEEP));
        }
    }
    if (keep.scans, keep.days) == (None, None) {
        return Err(Refusal::new("no limit in it", KEEP));
    }
    Ok(keep)
}

/// The advice for a retention.
const KEEP: &str = "use a number of scans and of days, as in 100, 90d, or all";

/// Several times between commas.
pub(super) fn durations(
    count: RangeInclusive<usize>,
    limits: RangeInclusive<Duration>,
) -> impl Parse<Vec<Duration>> {
    move |text| {
        let times = text
            .split(',')
            .filter(|item| !item.trim().is_empty())
            .map(|item| within(item, &limits))
            .collect::<Result<Vec<_>, _>>()?;
        if count.contains(&times.len()) {
            return Ok(times);
        }
        Err(Refusal::new(
            format!("{} times", times.len()),
            format!("use {} to {}", count.start(), count.end()),
        ))
    }
}

/// A filter is kept as text and parsed where hosts are shown; an invalid one is refused before the scan.
pub(crate) fn filter(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    match Filter::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(Refusal::new(
            format!("at character {}: {error}", error.character(text)),
            "correct the filter, or leave it out",
        )),
    }
}

/// Filters with commas between, except within quotation marks.
pub(super) fn filters(text: &str) -> Result<Vec<String>, Refusal> {
    let mut is_quoted = false;
    let parts = text.split(|letter: char| {
        is_quoted ^= letter == '"';
        letter == ',' && !is_quoted
    });
    let parts = parts.map(str::trim).filter(|part| !part.is_empty());
    let read = |part| {
        filter(part).map_err(|refusal| {
            let reason = format!("`{}`: {}", excerpt(part), refusal.reason);
            Refusal::new(reason, refusal.way_out)
        })
    };
    parts.map(read).collect()
}

/// A line in the head of a report.
pub(super) fn heading(text: &str) -> Result<String, Refusal> {
    const LONGEST: usize = 200;
    let text = text.trim();
    if text.chars().count() > LONGEST {
        return Err(Refusal::new(
            format!("more than {LONGEST} characters"),
            "shorten it",
        ));
    }
    Ok(text.to_owned())
}

pub(super) fn column_list(text: &str) -> Result<Columns, Refusal> {
    Columns::parse(text).map_err(|error| of_table(&error))
}

pub(super) fn sort_order(text: &str) -> Result<Sort, Refusal> {
    text.parse().map_err(|error| of_table(&error))
}

fn of_table(error: &impl Display) -> Refusal {
    Refusal::new(error.to_string(), CORRECT)
}

/// Changes of keys are kept as text too, and tried out here.
pub(super) fn key_bindings(text: &str) -> Result<Vec<String>, Refusal> {
    let changes = text.split(',').map(str::trim);
    let changes: Vec<String> = changes
        .filter(|change| !change.is_empty())
        .map(str::to_owned)
        .collect();
    match Keymap::rebound(&changes) {
        Ok(_) => Ok(changes),
        Err(error) => {
            let words = || BINDINGS.iter().filter_map(|binding| binding.word);
            let way_out = match &error {
                KeymapError::UnknownAction(word) => nearest(word, words()).map_or_else(
                    || "the names are in docs/reference/keys.md, and `?` shows the keys".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
                _ => "correct it, or leave it out".to_owned(),
            };
            Err(Refusal::new(error.to_string(), way_out))
        }
    }
}

pub(super) fn saved_filters(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    named(text, filter)
}

pub(super) fn saved_columns(text: &str) -> Result<Vec<(String, Columns)>, Refusal> {
    named(text, column_list)
}

pub(super) fn programs(text: &str) -> Result<Vec<Program>, Refusal> {
    let entries = named(text, |command| Ok(command.to_owned()))?;
    let refused = |error| no_command(&error, "write it as `K ssh = ssh {host}`");
    let program =
        |(name, command): (String, String)| Program::parse(&name, &command).map_err(refused);
    entries.into_iter().map(program).collect()
}

/// A program with its arguments.
pub(super) fn command(text: &str) -> Result<Vec<String>, Refusal> {
    let way_out = "write a program with its arguments, as in logger -t rdpscan";
    match split_words(text) {
        Ok(words) if words.first().is_some_and(|program| !program.is_empty()) => Ok(words),
        Ok(_) => Err(Refusal::new("no program in it", way_out)),
        Err(error) => Err(no_command(&error, way_out)),
    }
}

fn no_command(error: &ProgramError, way_out: &str) -> Refusal {
    let shell = if cfg!(windows) { "cmd /c" } else { "sh -c" };
    let way_out = match error {
        ProgramError::Shell(_) => format!(
            "name a script, start a shell as in {shell} \"A | B\", put the word in quotation marks to pass it on"
        ),
        _ => way_out.to_owned(),
    };
    Refusal::new(error.to_string(), way_out)
}

/// How many of how many sweeps.
pub(super) fn confirm(text: &str) -> Result<Confirm, Refusal> {
    let refused = |reason: &str| Refusal::new(reason, "write it as 2 of 3, or 1 of 1 for at once");
    text.parse().map_err(refused)
}

/// Values under names, with commas between. Values have commas of their own: an entry begins where ` = ` follows its name.
fn named<T>(
    text: &str,
    parse: impl Fn(&str) -> Result<T, Refusal>,
) -> Result<Vec<(String, T)>, Refusal> {
    let mut entries: Vec<(&str, String)> = Vec::new();
    for part in text.split(',') {
        match (part.split_once(" = "), entries.last_mut()) {
            (Some((name, value)), _) if !name.trim().is_empty() => {
                entries.push((name.trim(), value.to_owned()));
            }
            (None, Some((_, value))) => {
                value.push(',');
                value.push_str(part);
            }
            (None, None) if part.trim().is_empty() => {}
            _ => {
                let reason = format!("`{}` has no name", excerpt(part.trim()));
                return Err(Refusal::new(reason, "write it as `name = value`"));
            }
        }
    }
    let parsed = entries.into_iter().map(|(name, value)| {
        let value = parse(value.trim_matches([',', ' ']));
        let value = value.map_err(|refusal| {
            Refusal::new(
                format!("`{}`: {}", excerpt(name), refusal.reason),
                refusal.way_out,
            )
        });
        Ok((name.to_owned(), value?))
    });
    parsed.collect()
}

/// Refuses the value of a variable that is empty in a script: without any address, `--exclude` would exclude nothing.
pub(crate) fn not_blank(text: &str) -> Result<String, Refusal> {
    let is_blank = |letter: char| letter.is_whitespace() || matches!(letter, ',' | ';');
    if text.chars().all(is_blank) {
        return Err(Refusal::new(
            "there is nothing in it",
            "use a value, or leave the option out",
        ));
    }
    Ok(text.to_owned())
}

/// A time as it is written in settings, exact to the millisecond.
pub(super) fn duration_text(time: Duration) -> String {
    match SignedDuration::try_from(time) {
        Ok(signed) if time.subsec_millis() == 0 => format!("{signed:#}"),
        _ => format!("{}ms", time.as_millis()),
    }
}

/// Ports and ranges of ports, each port once, in the order given.
pub(super) fn ports(text: &str) -> Result<Vec<u16>, Refusal> {
    let number = whole(1..=u16::MAX);
    let mut ports = Vec::new();
    for item in items(text) {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        for port in number(first)?..=number(last)? {
            if !ports.contains(&port) {
                ports.push(port);
            }
            if ports.len() > MOST_PORTS {
                return Err(Refusal::new(
                    format!("more than {MOST_PORTS} ports"),
                    "use the ports that Remote Desktop listens on, 3389,3390",
                ));
            }
        }
    }
    if ports.is_empty() {
        return Err(Refusal::new(
            "no port in it",
            "use 1 to 65535, as in 3389,3390",
        ));
    }
    Ok(ports)
}

/// DNS servers by address, with or without a port.
pub(super) fn servers(text: &str) -> Result<Vec<SocketAddr>, Refusal> {
    items(text).map(server).collect()
}

fn server(text: &str) -> Result<SocketAddr, Refusal> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let socket = match (bare.parse::<IpAddr>(), text.parse::<SocketAddr>()) {
        (Ok(address), _) => SocketAddr::new(address, DNS_PORT),
        (_, Ok(socket)) => socket,
        _ => {
            return Err(Refusal::new(
                "not the address of a DNS server",
                "write 10.0.0.53, 10.0.0.53:5353 or [2001:db8::53]:53",
            ));
        }
    };
    if socket.port() == 0 {
        return Err(Refusal::new(
            "port 0 cannot be asked",
            "use a port from 1 to 65535",
        ));
    }
    if socket.ip().is_unspecified() || socket.ip().is_multicast() {
        return Err(Refusal::new(
            "no server has this address",
            "use the address of a DNS server",
        ));
    }
    Ok(socket)
}

pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter == ',' || letter.is_whitespace())
        .filter(|item| !item.is_empty())
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
