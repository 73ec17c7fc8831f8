//! A set of targets as text and back, so that a scan is resumed without reading its lists again.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ring::digest;

use super::permutation::Permutation;
use super::ranges::{Range, RangeSet, address, number};
use super::set::{NameTarget, RowAddresses, Segments, TargetSet};
use crate::model::{PlannedWork, Texts};

/// Characters of the digest that make a key.
const KEY_LENGTH: usize = 16;

/// A plan that describes no targets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its plan is damaged: {0}")]
pub struct DamagedPlan(&'static str);

impl TargetSet {
    /// The targets, lists expanded, with the settings of their scan.
    #[must_use]
    pub fn planned_work(&self, settings: BTreeMap<Box<str>, Box<str>>) -> PlannedWork {
        let mut work = PlannedWork {
            target_key: Box::default(),
            permutation: Permutation::VERSION,
            endpoints: self.swept.texts(),
            listed: self.listed.texts(),
            names: name_texts(&self.names),
            row_addresses: self.row_texts(&self.names),
            excluded: texts(self.excluded.ranges().iter().copied()),
            settings,
        };
        work.target_key = self.key.clone().unwrap_or_else(|| key(&work).into());
        work
    }

    /// A part of the targets: the endpoints at these `places` of an order, and these of the names. Its key is empty.
    #[must_use]
    pub fn part(
        &self,
        order: &Permutation,
        places: std::ops::Range<u64>,
        names: &[NameTarget],
        settings: BTreeMap<Box<str>, Box<str>>,
    ) -> PlannedWork {
        let endpoints = places.filter_map(|place| self.endpoint(order.at(place)));
        let mut swept: BTreeMap<u16, Vec<Range>> = BTreeMap::new();
        let mut listed = swept.clone();
        for endpoint in endpoints {
            let at = number(endpoint.address);
            let range = Range::new(at, at);
            swept.entry(endpoint.port).or_default().push(range);
            if self.is_listed(endpoint) {
                listed.entry(endpoint.port).or_default().push(range);
            }
        }
        PlannedWork {
            target_key: Box::default(),
            permutation: Permutation::VERSION,
            endpoints: by_port(swept),
            listed: by_port(listed),
            names: name_texts(names),
            row_addresses: self.row_texts(names),
            excluded: texts(self.excluded.ranges().iter().copied()),
            settings,
        }
    }

    fn row_texts(&self, names: &[NameTarget]) -> BTreeMap<Box<str>, Texts> {
        let rows = names.iter().filter_map(|target| {
            let (name, addresses) = self.row_addresses.get_key_value(target.name.as_str())?;
            let texts = addresses.iter().map(ToString::to_string).collect();
            Some((name.clone(), texts))
        });
        rows.collect()
    }

    /// The targets of a plan, at the same indices.
    ///
    /// # Errors
    /// A text in it is none that [`Self::planned_work`] writes.
    pub fn from_planned(work: &PlannedWork) -> Result<Self, DamagedPlan> {
        let swept = sets(&work.endpoints)?;
        let listed = sets(&work.listed)?;
        let is_part = |(port, ranges): (&u16, &RangeSet)| {
            let all = swept.get(port);
            all.is_some_and(|all| ranges.without(all).is_empty())
        };
        if !listed.iter().all(is_part) {
            return Err(DamagedPlan("a listed endpoint is not in it"));
        }
        let all = swept.values().flat_map(|set| set.ranges().iter().copied());
        let names = work.names.iter().map(name).collect::<Option<Vec<_>>>();
        Ok(Self {
            addresses: RangeSet::of(all.collect()).count(),
            swept: Segments::of(&swept),
            listed: Segments::of(&listed),
            excluded: set(&work.excluded)?,
            names: names.ok_or(DamagedPlan("a name has no port"))?,
            row_addresses: row_addresses(&work.row_addresses)?,
            texts: Vec::new(),
            exclude_texts: Vec::new(),
            behind_gateways: Vec::new(),
            notices: Vec::new(),
            lists: Vec::new(),
            // A resume that excludes more is of the same scan.
            key: Some(work.target_key.clone()),
        })
    }

    /// Never contacts these addresses either. Endpoints keep their indices.
    pub(super) fn exclude(&mut self, ranges: Vec<Range>) {
        let before = self.excluded.ranges().iter().copied();
        self.excluded = RangeSet::of(before.chain(ranges).collect());
    }

    /// Never contacts what a later plan excludes. What cannot be read of it is left out.
    pub fn exclude_planned(&mut self, work: &PlannedWork) {
        self.exclude(work.excluded.iter().filter_map(range).collect());
    }

    /// The texts that a report names as targets and excludes.
    pub fn name_texts(&mut self, targets: &Texts, excludes: &Texts) {
        self.texts = targets.iter().map(str::to_owned).collect();
        self.exclude_texts = excludes.iter().map(str::to_owned).collect();
    }
}

impl Segments {
    fn texts(&self) -> BTreeMap<u16, Texts> {
        let mut ranges: BTreeMap<u16, Vec<Range>> = BTreeMap::new();
        for (port, range) in self.ranges() {
            ranges.entry(port).or_default().push(range);
        }
        by_port(ranges)
    }
}

/// The texts of ranges, neighbours as one.
fn by_port(ranges: BTreeMap<u16, Vec<Range>>) -> BTreeMap<u16, Texts> {
    let ranges = ranges.into_iter();
    ranges
        .map(|(port, ranges)| {
            let ranges = RangeSet::of(ranges);
            (port, texts(ranges.ranges().iter().copied()))
        })
        .collect()
}

fn name_texts(names: &[NameTarget]) -> Texts {
    names
        .iter()
        .map(|name| format!("{}:{}", name.name, name.port))
        .collect()
}

fn texts(ranges: impl Iterator<Item = Range>) -> Texts {
    ranges
        .map(|range| match (address(range.first), address(range.last)) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        })
        .collect()
}

fn sets(texts: &BTreeMap<u16, Texts>) -> Result<BTreeMap<u16, RangeSet>, DamagedPlan> {
    let texts = texts.iter();
    texts
        .map(|(port, texts)| Ok((*port, set(texts)?)))
        .collect()
}

fn set(texts: &Texts) -> Result<RangeSet, DamagedPlan> {
    let ranges = texts.iter().map(range).collect::<Option<Vec<_>>>();
    ranges
        .map(RangeSet::of)
        .ok_or(DamagedPlan("an address in it is none"))
}

fn range(text: &str) -> Option<Range> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| Some(number(text.parse::<IpAddr>().ok()?));
    Some(Range::new(number(first)?, number(last)?))
}

fn name(text: &str) -> Option<NameTarget> {
    let (name, port) = text.rsplit_once(':')?;
    Some(NameTarget {
        name: name.to_owned(),
        port: port.parse().ok()?,
    })
}

fn row_addresses(texts: &BTreeMap<Box<str>, Texts>) -> Result<RowAddresses, DamagedPlan> {
    let rows = texts.iter().map(|(name, addresses)| {
        let addresses = addresses.iter().map(|address| address.parse().ok());
        Some((name.clone(), addresses.collect::<Option<Vec<_>>>()?))
    });
    rows.collect::<Option<_>>()
        .ok_or(DamagedPlan("an address of a name is none"))
}

/// A digest of what is probed and what is excluded, and of what was listed one by one: that has a row, and is a problem, where an
/// address of a range that stays silent is none.
fn key(work: &PlannedWork) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut add = |text: &str| {
        context.update(text.as_bytes());
        context.update(b"\n");
    };
    for (port, ranges) in &work.endpoints {
        add(&format!("port {port}"));
        ranges.iter().for_each(&mut add);
    }
    for (port, ranges) in &work.listed {
        add(&format!("listed at port {port}"));
        ranges.iter().for_each(&mut add);
    }
    let mut names: Vec<&str> = work.names.iter().collect();
    names.sort_unstable();
    add("names");
    names.into_iter().for_each(&mut add);
    add("excluded");
    work.excluded.iter().for_each(&mut add);
    let digest = context.finish();
    let hex = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    hex.collect::<String>().chars().take(KEY_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::super::TargetSetBuilder;
    use super::*;

    fn targets(words: &[&str], excludes: &[&str]) -> TargetSet {
        let mut builder = TargetSetBuilder::new(&[3389, 3390]);
        for word in words {
            builder.add_text(word).unwrap();
        }
        for word in excludes {
            builder.exclude_text(word).unwrap();
        }
        builder.build().unwrap()
    }

    fn all(targets: &TargetSet) -> Vec<crate::model::Endpoint> {
        let indices = 0..targets.endpoints();
        indices.filter_map(|at| targets.endpoint(at)).collect()
    }

    #[test]
    fn a_plan_gives_the_same_targets_at_the_same_indices() {
        let before = targets(
            &[
                "10.0.0.0/24",
                "10.0.0.7",
                "2001:db8::5",
                "[2001:db8::/120]:13389",
                "srv05.example",
                "srv06.example:13389",
            ],
            &["10.0.0.9", "10.0.0.64/26", "192.168.0.0/16"],
        );
        let work = before.planned_work(BTreeMap::new());
        let after = TargetSet::from_planned(&work).unwrap();
        assert_eq!(all(&before), all(&after));
        assert!(before.listed().eq(after.listed()) && before.listed().count() > 0);
        assert_eq!(before.names(), after.names());
        assert_eq!(before.addresses(), after.addresses());
        assert!(after.is_excluded([192, 168, 7, 7].into()));
        assert_eq!(after.planned_work(BTreeMap::new()), work);
    }

    #[test]
    fn the_key_goes_by_what_is_probed_and_not_by_how_it_was_written() {
        let key = |words: &[&str], excludes: &[&str]| {
            let work = targets(words, excludes).planned_work(BTreeMap::new());
            work.target_key
        };
        let one = key(&["10.0.0.0/30", "b.example", "a.example"], &[]);
        assert_eq!(
            one,
            key(&["10.0.0.1-2", "a.example", "b.example"], &[]),
            "the usable addresses of the network"
        );
        assert_eq!(one.len(), KEY_LENGTH);
        assert_ne!(
            one,
            key(&["10.0.0.1-2", "a.example", "b.example"], &["10.9.9.9"])
        );
        assert_ne!(one, key(&["10.0.0.1-3", "a.example", "b.example"], &[]));
        let listed = key(&["10.0.0.1", "10.0.0.2", "a.example", "b.example"], &[]);
        assert_ne!(one, listed, "each has a row, whether it answers or not");
    }

    /// Else the report of the resumed scan would be compared with no scan, or with another one than `@prev`.
    #[test]
    fn a_resume_that_excludes_more_keeps_the_key() {
        let began = targets(&["10.0.0.0/30"], &[]).planned_work(BTreeMap::new());
        let mut resumed = TargetSet::from_planned(&began).unwrap();
        let more = PlannedWork {
            excluded: ["10.0.0.2"].into_iter().collect(),
            ..PlannedWork::default()
        };
        resumed.exclude_planned(&more);
        let planned = resumed.planned_work(BTreeMap::new());
        assert_eq!(planned.excluded.iter().collect::<Vec<_>>(), ["10.0.0.2"]);
        assert_eq!(planned.target_key, began.target_key);
    }

    #[test]
    fn the_key_of_a_fleet_is_its_name_whatever_it_holds_and_stays_when_resumed() {
        for words in [&["10.0.0.0/30"][..], &["10.0.0.0/29", "a.example"]] {
            let mut fleet = targets(words, &["10.0.0.2"]);
            fleet.name_fleet("prod");
            let work = fleet.planned_work(BTreeMap::new());
            assert_eq!(&*work.target_key, "prod");
            let mut resumed = TargetSet::from_planned(&work).unwrap();
            resumed.exclude(vec![range("10.0.0.1").unwrap()]);
            assert_eq!(&*resumed.planned_work(BTreeMap::new()).target_key, "prod");
        }
    }

    #[test]
    fn a_plan_keeps_the_addresses_in_the_rows_of_names() {
        let mut builder = TargetSetBuilder::new(&[3389]);
        let table = "Hostname,IP\nsrv05.example,\"10.0.0.5, 2001:db8::5\"\nsrv06.example,\n";
        builder.add_reader("hosts.csv", table.as_bytes()).unwrap();
        let targets = builder.build().unwrap();
        let mut work = targets.planned_work(BTreeMap::new());
        let after = TargetSet::from_planned(&work).unwrap();
        assert_eq!(
            after.row_addresses("srv05.example"),
            ["10.0.0.5", "2001:db8::5"].map(|address| address.parse::<IpAddr>().unwrap())
        );
        assert!(after.row_addresses("srv06.example").is_empty());
        let damaged = std::iter::once("10.0.0").collect();
        work.row_addresses.insert("srv06.example".into(), damaged);
        assert!(TargetSet::from_planned(&work).is_err());
    }

    #[test]
    fn a_damaged_plan_is_refused() {
        let good = targets(&["10.0.0.0/30", "a.example"], &[]).planned_work(BTreeMap::new());
        let one = |text: &str| -> Texts { [text].into_iter().collect() };
        for bad in [
            PlannedWork {
                endpoints: BTreeMap::from([(3389, one("10.0.0"))]),
                ..good.clone()
            },
            PlannedWork {
                names: one("a.example"),
                ..good.clone()
            },
            PlannedWork {
                listed: BTreeMap::from([(3389, one("10.0.0.77"))]),
                ..good.clone()
            },
            PlannedWork {
                excluded: one("10.0.0.1-"),
                ..good
            },
        ] {
            assert!(TargetSet::from_planned(&bad).is_err(), "{bad:?}");
        }
    }
}
