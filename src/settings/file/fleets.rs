//! Fleets that are saved in the settings file, to be scanned by their names.

use std::path::Path;

use toml::Spanned;
use toml::de::DeValue;

use super::super::{Given, SettingsError, Source, nearest};
use super::text_of;

/// The table of the settings file that holds them.
pub(super) const SECTION: &str = "fleets";
/// What can stand in one, and the setting that it is for its scans.
const KEYS: [(&str, Option<&str>); 4] = [
    ("targets", None),
    ("exclude", None),
    ("dns", Some("names.servers")),
    ("ports", Some("scan.ports")),
];
/// Characters of a name at most.
const MOST_LONG: usize = 32;

/// What `rdpscan --fleet NAME` scans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFleet {
    /// Letters, digits, `-` and `_`.
    pub name: String,
    /// As on the command line.
    pub targets: Vec<String>,
    pub exclude: Vec<String>,
    /// The settings of its scans.
    pub(crate) settings: Vec<Given>,
    pub source: Source,
}

impl SavedFleet {
    /// Its keys with their values, as a settings file has them.
    pub(in crate::settings) fn values(&self) -> impl Iterator<Item = (&'static str, toml::Value)> {
        let list = |texts: &[String]| -> toml::Value { texts.to_vec().into() };
        KEYS.into_iter().filter_map(move |(name, setting)| {
            let value = match (name, setting) {
                ("targets", _) => list(&self.targets),
                (_, None) => list(&self.exclude),
                (_, Some(key)) => {
                    let given = self.settings.iter().find(|given| given.key == key);
                    given?.text.clone().into()
                }
            };
            let is_empty = value.as_array().is_some_and(Vec::is_empty);
            (!is_empty).then_some((name, value))
        })
    }
}

/// The fleets of a file. `origin` makes a line of a place in it, and `start` is that of the table.
pub(super) fn read(
    value: Option<&DeValue<'_>>,
    origin: &dyn Fn(usize) -> Source,
    start: usize,
) -> Result<Vec<SavedFleet>, SettingsError> {
    let invalid = |start, key: &str, reason, way_out| SettingsError::Fleet {
        origin: origin(start),
        key: key.to_owned(),
        reason,
        way_out,
    };
    let form = "write [fleets.NAME] with targets = [\"10.0.0.0/24\"] below it";
    let Some(DeValue::Table(fleets)) = value else {
        return Err(invalid(
            start,
            SECTION,
            "this is not a table of fleets",
            form,
        ));
    };
    let mut found = Vec::new();
    for (name, table) in fleets {
        let start = name.span().start;
        let name = name.get_ref();
        let path = format!("{SECTION}.{name}");
        if !is_name(name) {
            let reason = "this name cannot be used";
            let way_out = "use up to 32 letters, digits, - and _, with a letter or digit first";
            return Err(invalid(start, &path, reason, way_out));
        }
        let DeValue::Table(table) = table.get_ref() else {
            return Err(invalid(start, &path, "this is not a table", form));
        };
        let mut fleet = SavedFleet {
            name: name.to_string(),
            targets: Vec::new(),
            exclude: Vec::new(),
            settings: Vec::new(),
            source: origin(start),
        };
        for (key, value) in table {
            let start = key.span().start;
            let path = format!("{path}.{}", key.get_ref());
            let Some((word, setting)) = KEYS.iter().find(|(word, _)| *word == *key.get_ref())
            else {
                return Err(SettingsError::UnknownKey {
                    origin: origin(start),
                    nearest: nearest(key.get_ref(), KEYS.into_iter().map(|(word, _)| word)),
                    key: path,
                });
            };
            let way_out = "write it as a list, as in [\"10.0.0.0/24\", \"srv05.corp.example\"]";
            let unusable = || invalid(start, &path, "this kind of value cannot be used", way_out);
            if let Some(key) = setting {
                fleet.settings.push(Given {
                    key,
                    text: text_of(value.get_ref()).ok_or_else(unusable)?,
                    source: origin(start),
                });
                continue;
            }
            let texts = texts(value.get_ref()).ok_or_else(unusable)?;
            if texts.iter().any(|text| text.trim() == "-") {
                let reason = "a saved fleet cannot read standard input";
                let way_out = "name a file, as in \"@hosts.txt\"";
                return Err(invalid(start, &path, reason, way_out));
            }
            let texts = texts.into_iter().map(|text| beside(text, &fleet.source));
            match *word {
                "targets" => fleet.targets = texts.collect(),
                _ => fleet.exclude = texts.collect(),
            }
        }
        if fleet.targets.is_empty() {
            return Err(invalid(start, &path, "it has no targets", form));
        }
        found.push((start, fleet));
    }
    found.sort_by_key(|(start, _)| *start);
    Ok(found.into_iter().map(|(_, fleet)| fleet).collect())
}

fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.len() <= MOST_LONG
        && text.chars().all(is_plain)
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
}

fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(text) => Some(vec![text.to_string()]),
        DeValue::Array(items) => {
            let items = items.iter().map(|item| match Spanned::get_ref(item) {
                DeValue::String(text) => Some(text.to_string()),
                _ => None,
            });
            items.collect()
        }
        _ => None,
    }
}

/// A list is beside the settings file that names it, from wherever the scan is started.
fn beside(text: String, source: &Source) -> String {
    let (Some(list), Source::File { path, .. }) = (text.strip_prefix('@'), source) else {
        return text;
    };
    match path.parent() {
        Some(folder) if !Path::new(list).is_absolute() => {
            format!("@{}", folder.join(list).display())
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<SavedFleet>, String> {
        let content = super::super::read(text, Path::new("/etc/rdpscan.toml"));
        content
            .map(|content| content.fleets)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn fleets_are_read_in_the_order_of_the_file_with_the_settings_of_their_scans() {
        let text = "[scan]\nattempts = 4\n[fleets.prod]\ntargets = [\"10.0.0.0/24\", \"@hosts.txt\"]\nports = [3389, 3390]\n\
                    [fleets.lab]\ntargets = \"127.0.0.1\"\nexclude = [\"127.0.0.9\"]\ndns = [\"10.0.0.53\"]\n";
        let fleets = read(text).unwrap();
        let [prod, lab] = &*fleets else {
            panic!("{fleets:?}");
        };
        assert_eq!((&*prod.name, &*lab.name), ("prod", "lab"));
        let beside = Path::new("/etc").join("hosts.txt");
        let beside = format!("@{}", beside.display());
        assert_eq!(prod.targets, ["10.0.0.0/24", &*beside]);
        assert_eq!(prod.settings[0].text, "3389,3390");
        assert_eq!(
            prod.settings[0].source.to_string(),
            "/etc/rdpscan.toml line 5"
        );
        assert_eq!(lab.exclude, ["127.0.0.9"]);
        assert_eq!(lab.settings[0].key, "names.servers");
    }

    #[test]
    fn what_is_no_fleet_is_refused_with_its_line() {
        for (text, wanted) in [
            (
                "fleets = 5",
                "line 1: fleets: this is not a table of fleets",
            ),
            (
                "[fleets]\nprod = 5",
                "line 2: fleets.prod: this is not a table",
            ),
            ("[fleets.prod]", "line 1: fleets.prod: it has no targets"),
            (
                "[fleets.\"a b\"]\ntargets = \"10.0.0.1\"",
                "line 1: fleets.a b: this name cannot be used",
            ),
            (
                "[fleets.prod]\ntarget = \"10.0.0.1\"",
                "line 2: `fleets.prod.target` is not a setting; the nearest is `targets`",
            ),
            (
                "[fleets.prod]\ntargets = [3389]",
                "line 2: fleets.prod.targets: this kind of value cannot be used",
            ),
            (
                "[fleets.prod]\ntargets = \"-\"",
                "line 2: fleets.prod.targets: a saved fleet cannot read standard input",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}
