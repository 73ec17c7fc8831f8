//! The one table of settings: name, reader, and how the value is written back.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Value;

use super::nearest::nearest;
use super::value::{
    duration, duration_text, durations, optional, ports, servers, switch, whole, word,
};
use super::{FailOn, Profile, Settings};
use crate::report::Format;
use crate::sanitize;
use crate::table::{Columns, Filter, Sort};
use crate::targets::Refusal;
use crate::tui::Palette;
use crate::tui::keymap::{BINDINGS, Keymap, KeymapError};

/// In place of a number: what the profile says.
pub(super) const BY_PROFILE: &str = "profile";
/// The setting that the two of [`PACE`] follow.
pub(super) const PROFILE: &str = "scan.profile";
/// Settings that take [`BY_PROFILE`].
pub(super) const PACE: [&str; 2] = ["scan.concurrency", "scan.rate"];

const HOUR: Duration = Duration::from_secs(3_600);
const STAGE: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(600);
const WAIT: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(60);
const REPEATS: RangeInclusive<u32> = 1..=1_000;

/// One setting.
pub(super) struct Key {
    /// Section and name in a settings file.
    pub(super) path: &'static str,
    /// Reads a text into its place.
    pub(super) read: fn(&mut Settings, &str) -> Result<(), Refusal>,
    /// The value as it stands in a settings file.
    pub(super) show: fn(&Settings) -> Value,
}

impl Key {
    /// The environment variable that sets it.
    pub(super) fn variable(&self) -> String {
        format!(
            "RDPSCAN_{}",
            self.path.replace('.', "_").to_ascii_uppercase()
        )
    }
}

/// The setting of a name.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// Stores what was read.
fn put<T>(place: &mut T, read: Result<T, Refusal>) -> Result<(), Refusal> {
    *place = read?;
    Ok(())
}

/// A filter is kept as text, because whoever shows hosts reads it; but a bad one is refused before the scan.
fn filter(text: &str) -> Result<String, Refusal> {
    match Filter::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(Refusal::new(
            format!("at character {}: {error}", error.character(text)),
            "correct the filter, or leave it out",
        )),
    }
}

/// What the table says of its own words, made safe: it repeats what was given.
fn of_table<T, E: std::fmt::Display>(read: Result<T, E>) -> Result<T, Refusal> {
    read.map_err(|error| {
        let reason = sanitize::single_line(&error.to_string()).into_owned();
        Refusal::new(reason, "correct it, or give auto")
    })
}

/// Changes of keys are kept as text too, and tried out here.
fn keys(text: &str) -> Result<Vec<String>, Refusal> {
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
                KeymapError::UnknownAction { word } => nearest(word, words()).map_or_else(
                    || "see the names under Keys in the README".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
                _ => "correct it, or leave it out".to_owned(),
            };
            Err(Refusal::new(error.to_string(), way_out))
        }
    }
}

fn time(value: Duration) -> Value {
    Value::from(duration_text(value))
}

/// Every setting, in the order of the sample file.
///
/// INVARIANT: the profile stands before what it decides, because a layer is applied in this order.
pub(super) const KEYS: &[Key] = &[
    Key {
        path: "scan.ports",
        read: |s, text| put(&mut s.scan.ports, ports(text)),
        show: |s| {
            s.scan
                .ports
                .iter()
                .map(|port| i64::from(*port))
                .collect::<Vec<_>>()
                .into()
        },
    },
    Key {
        path: PROFILE,
        read: |s, text| {
            put(
                &mut s.scan.profile,
                word(text, &Profile::ALL, Profile::word),
            )
        },
        show: |s| s.scan.profile.word().into(),
    },
    Key {
        path: "scan.concurrency",
        read: |s, text| {
            let given = optional(text, BY_PROFILE, |text| whole(text, &(0..=65_535)))?;
            s.scan.concurrency = given.unwrap_or_else(|| s.scan.profile.concurrency());
            Ok(())
        },
        show: |s| s.scan.concurrency.into(),
    },
    Key {
        path: "scan.rate",
        read: |s, text| {
            let given = optional(text, BY_PROFILE, |text| whole(text, &(0..=1_000_000)))?;
            s.scan.rate = given.unwrap_or_else(|| s.scan.profile.rate());
            Ok(())
        },
        show: |s| s.scan.rate.into(),
    },
    Key {
        path: "scan.attempts",
        read: |s, text| put(&mut s.scan.attempts, whole(text, &REPEATS)),
        show: |s| s.scan.attempts.into(),
    },
    Key {
        path: "scan.interval",
        read: |s, text| {
            put(
                &mut s.scan.interval,
                duration(text, &(Duration::ZERO..=HOUR)),
            )
        },
        show: |s| time(s.scan.interval),
    },
    Key {
        path: "scan.gap",
        read: |s, text| {
            put(
                &mut s.scan.gap,
                duration(text, &(Duration::ZERO..=*WAIT.end())),
            )
        },
        show: |s| time(s.scan.gap),
    },
    Key {
        path: "scan.connect_timeouts",
        read: |s, text| put(&mut s.scan.connect_timeouts, durations(text, 1..=8, &WAIT)),
        show: |s| {
            s.scan
                .connect_timeouts
                .iter()
                .map(|round| duration_text(*round))
                .collect::<Vec<_>>()
                .into()
        },
    },
    Key {
        path: "scan.timeout",
        read: |s, text| put(&mut s.scan.timeout, duration(text, &STAGE)),
        show: |s| time(s.scan.timeout),
    },
    Key {
        path: "scan.max_time",
        read: |s, text| {
            let limits = Duration::from_secs(1)..=HOUR * 24 * 365;
            put(
                &mut s.scan.max_time,
                optional(text, "none", |text| duration(text, &limits)),
            )
        },
        show: |s| s.scan.max_time.map_or_else(|| "none".into(), time),
    },
    Key {
        path: "scan.seed",
        read: |s, text| {
            put(
                &mut s.scan.seed,
                optional(text, "random", |text| whole(text, &(0..=u64::MAX))),
            )
        },
        show: |s| match s.scan.seed.map(|seed| (seed, i64::try_from(seed))) {
            None => "random".into(),
            Some((_, Ok(seed))) => seed.into(),
            // TOML numbers end at i64; text is read as well.
            Some((seed, Err(_))) => seed.to_string().into(),
        },
    },
    Key {
        path: "scan.allow_large",
        read: |s, text| put(&mut s.scan.allow_large, switch(text)),
        show: |s| s.scan.allow_large.into(),
    },
    Key {
        path: "scan.ntlm",
        read: |s, text| put(&mut s.scan.ntlm, switch(text)),
        show: |s| s.scan.ntlm.into(),
    },
    Key {
        path: "scan.check_nla",
        read: |s, text| put(&mut s.scan.check_nla, switch(text)),
        show: |s| s.scan.check_nla.into(),
    },
    Key {
        path: "names.dns",
        read: |s, text| put(&mut s.names.dns, switch(text)),
        show: |s| s.names.dns.into(),
    },
    Key {
        path: "names.servers",
        read: |s, text| put(&mut s.names.servers, servers(text)),
        show: |s| {
            s.names
                .servers
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .into()
        },
    },
    Key {
        path: "names.timeout",
        read: |s, text| put(&mut s.names.timeout, duration(text, &WAIT)),
        show: |s| time(s.names.timeout),
    },
    Key {
        path: "output.format",
        read: |s, text| {
            put(
                &mut s.output.format,
                optional(text, "auto", |text| word(text, &Format::ALL, Format::word)),
            )
        },
        show: |s| s.output.format.map_or("auto", Format::word).into(),
    },
    Key {
        path: "output.all",
        read: |s, text| put(&mut s.output.all, switch(text)),
        show: |s| s.output.all.into(),
    },
    Key {
        path: "output.no_tui",
        read: |s, text| put(&mut s.output.no_tui, switch(text)),
        show: |s| s.output.no_tui.into(),
    },
    Key {
        path: "output.fail_on",
        read: |s, text| put(&mut s.output.fail_on, FailOn::read(text)),
        show: |s| s.output.fail_on.to_string().into(),
    },
    Key {
        path: "output.filter",
        read: |s, text| put(&mut s.output.filter, filter(text)),
        show: |s| s.output.filter.as_str().into(),
    },
    Key {
        path: "output.columns",
        read: |s, text| {
            let columns = text.eq_ignore_ascii_case("auto");
            let columns = (!columns).then(|| of_table(Columns::parse(text)));
            put(&mut s.output.columns, columns.transpose())
        },
        show: |s| match &s.output.columns {
            None => "auto".into(),
            Some(columns) => columns.to_string().into(),
        },
    },
    Key {
        path: "output.sort",
        read: |s, text| {
            let sort = text.eq_ignore_ascii_case("auto");
            let sort = (!sort).then(|| of_table(text.parse::<Sort>()));
            put(&mut s.output.sort, sort.transpose())
        },
        show: |s| match s.output.sort {
            None => "auto".into(),
            Some(sort) => sort.to_string().into(),
        },
    },
    Key {
        path: "output.quiet",
        read: |s, text| put(&mut s.output.quiet, switch(text)),
        show: |s| s.output.quiet.into(),
    },
    Key {
        path: "screen.theme",
        read: |s, text| {
            put(
                &mut s.screen.theme,
                optional(text, "auto", |text| {
                    word(text, &Palette::ALL, Palette::word)
                }),
            )
        },
        show: |s| s.screen.theme.map_or("auto", Palette::word).into(),
    },
    Key {
        path: "screen.ascii",
        read: |s, text| put(&mut s.screen.ascii, switch(text)),
        show: |s| s.screen.ascii.into(),
    },
    Key {
        path: "screen.mouse",
        read: |s, text| put(&mut s.screen.mouse, switch(text)),
        show: |s| s.screen.mouse.into(),
    },
    Key {
        path: "screen.keys",
        read: |s, text| put(&mut s.screen.keys, keys(text)),
        show: |s| s.screen.keys.clone().into(),
    },
    Key {
        path: "policy.expiring_days",
        read: |s, text| put(&mut s.policy.expiring_days, whole(text, &(0..=3_650))),
        show: |s| s.policy.expiring_days.into(),
    },
    Key {
        path: "policy.stability_attempts",
        read: |s, text| put(&mut s.policy.stability_attempts, whole(text, &REPEATS)),
        show: |s| s.policy.stability_attempts.into(),
    },
];
