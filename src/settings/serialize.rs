//! How values are written that serde would write otherwise.

#![expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use serde::{Serialize as _, Serializer};

use super::parse::duration_text;
use crate::targets::AddressList;
use crate::tui::keymap::Key;
use crate::tui::{Palette, Program, join_words};

type Written<S> = Result<<S as Serializer>::Ok, <S as Serializer>::Error>;

pub(super) fn text_of<S: Serializer>(value: &impl Display, to: S) -> Written<S> {
    to.collect_str(value)
}

pub(super) fn or_auto<S: Serializer>(value: &Option<impl Display>, to: S) -> Written<S> {
    match value {
        Some(value) => to.collect_str(value),
        None => to.serialize_str("auto"),
    }
}

pub(super) fn or_none<S: Serializer>(value: &Option<impl Display>, to: S) -> Written<S> {
    match value {
        Some(value) => to.collect_str(value),
        None => to.serialize_str("none"),
    }
}

pub(super) fn path<S: Serializer>(path: &Path, to: S) -> Written<S> {
    to.serialize_str(&path.to_string_lossy())
}

pub(super) fn addresses<S: Serializer>(list: &AddressList, to: S) -> Written<S> {
    to.collect_seq(list.texts())
}

pub(super) fn saved<S: Serializer>(named: &[(String, impl Display)], to: S) -> Written<S> {
    to.collect_seq(
        named
            .iter()
            .map(|(name, value)| format!("{name} = {value}")),
    )
}

pub(super) fn programs<S: Serializer>(programs: &[Program], to: S) -> Written<S> {
    let text = |program: &Program| {
        let key = program.key.map(Key::label).unwrap_or_default();
        format!("{key} {} = {program}", program.name)
    };
    to.collect_seq(programs.iter().map(text))
}

pub(super) fn command_or_none<S: Serializer>(words: &Option<Vec<String>>, to: S) -> Written<S> {
    let text = words.as_deref().map(join_words);
    to.serialize_str(text.as_deref().unwrap_or("none"))
}

pub(super) fn theme<S: Serializer>(theme: &Option<Palette>, to: S) -> Written<S> {
    to.serialize_str(theme.map_or("auto", Into::into))
}

pub(super) fn duration<S: Serializer>(time: &Duration, to: S) -> Written<S> {
    to.serialize_str(&duration_text(*time))
}

pub(super) fn durations<S: Serializer>(times: &[Duration], to: S) -> Written<S> {
    to.collect_seq(times.iter().copied().map(duration_text))
}

pub(super) fn duration_or_none<S: Serializer>(time: &Option<Duration>, to: S) -> Written<S> {
    to.serialize_str(&time.map_or_else(|| "none".to_owned(), duration_text))
}

/// TOML numbers end at `i64::MAX`; a larger one is written as text, and read as well.
pub(super) fn seed<S: Serializer>(seed: &Option<u64>, to: S) -> Written<S> {
    match seed.map(|seed| (seed, i64::try_from(seed))) {
        None => to.serialize_str("random"),
        Some((_, Ok(seed))) => seed.serialize(to),
        Some((seed, Err(_))) => to.collect_str(&seed),
    }
}
