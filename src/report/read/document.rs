//! Reads a JSON report as a stream, with one host in memory at a time.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead};
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::source::TooLong;
use super::{DAMAGED, FROM_NEWER, Reason, short};
use crate::fleet::{Saved, SavedHosts};
use crate::model::{
    CertificateFacts, Digest, History, Notice, PlannedWork, ScanEnd, ScanId, ScanPlan, Site,
};
use crate::record::schema::{self, Compatibility};
use crate::report::REPORT_SCHEMA;

pub(super) fn read(text: impl BufRead) -> Result<Saved, Reason> {
    let mut document = Document::default();
    let mut deserializer = serde_json::Deserializer::from_reader(text);
    let result = Top(&mut document)
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    if let Some(reason) = document.refused.take() {
        return Err(reason);
    }
    if let Err(error) = result {
        return Err(document.reason(&error));
    }
    let Some(_) = document.schema else {
        return Err(Reason::NotAReport {
            detail: "JSON without the key `schema`".to_owned(),
        });
    };
    let content = |detail: &str| Reason::Content {
        detail: detail.to_owned(),
        advice: DAMAGED,
    };
    let scan = document
        .scan
        .ok_or_else(|| content("missing field `scan`"))?;
    if !document.has_hosts {
        return Err(content("missing field `hosts`"));
    }
    let (Some(plan), Some(started_at)) = (document.plan, scan.started_at) else {
        return Err(content("it has no scan: `plan` or `started_at` is null"));
    };
    let (Some(id), Some(site)) = (scan.id, scan.vantage) else {
        return Err(content("it has no scan: `id` or `vantage` is null"));
    };
    Ok(Saved {
        scan: id,
        site,
        started_at,
        evaluated_at: scan.evaluated_at.unwrap_or(started_at),
        plan,
        work: document.work,
        end: document.end,
        notices: document.notices,
        certificates: document.certificates.into_values().collect(),
        hosts: document.hosts,
    })
}

/// The parts of a report that a fleet is made of.
#[derive(Default)]
struct Document {
    schema: Option<Compatibility>,
    scan: Option<Scan>,
    plan: Option<ScanPlan>,
    work: Option<Arc<PlannedWork>>,
    end: Option<ScanEnd>,
    notices: Vec<Notice>,
    certificates: BTreeMap<Digest<32>, Arc<CertificateFacts>>,
    hosts: SavedHosts,
    has_hosts: bool,
    /// Why reading was stopped.
    refused: Option<Reason>,
}

#[derive(Deserialize)]
struct Scan {
    id: Option<ScanId>,
    vantage: Option<Site>,
    started_at: Option<Timestamp>,
    evaluated_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Entry {
    history: History,
}

impl Document {
    fn reason(&self, error: &serde_json::Error) -> Reason {
        if error.is_io() {
            let cause = io::Error::other(error.to_string());
            // serde_json gives the cause away only by value, but its message contains the cause's.
            return if error.to_string().starts_with(&TooLong.to_string()) {
                Reason::TooLong
            } else {
                Reason::Io(cause)
            };
        }
        // A number cut off after its sign or point is reported as invalid; no writer makes one.
        if error.is_eof() || error.to_string().starts_with("invalid number") {
            return Reason::Truncated { line: error.line() };
        }
        match self.schema {
            Some(schema) if error.is_data() => Reason::Content {
                detail: short(&error.to_string()),
                advice: match schema {
                    Compatibility::NewerMinor => FROM_NEWER,
                    _ => DAMAGED,
                },
            },
            _ => Reason::NotAReport {
                detail: short(&error.to_string()),
            },
        }
    }

    fn check(&mut self, found: &str) {
        let schema = schema::compare(found, REPORT_SCHEMA);
        self.schema = Some(schema);
        self.refused = match schema {
            Compatibility::Same | Compatibility::NewerMinor => None,
            Compatibility::NewerMajor | Compatibility::OlderMajor => Some(Reason::Version {
                found: short(found),
            }),
            Compatibility::Foreign => Some(Reason::NotAReport {
                detail: format!("its schema is `{}`", short(found)),
            }),
        };
    }
}

struct Top<'a>(&'a mut Document);

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a report")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let document = self.0;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "schema" => {
                    document.check(&map.next_value::<String>()?);
                    if document.refused.is_some() {
                        return Err(A::Error::custom("refused"));
                    }
                }
                "scan" => document.scan = Some(map.next_value()?),
                "plan" => document.plan = map.next_value()?,
                "work" => document.work = map.next_value()?,
                "end" => document.end = map.next_value()?,
                "notices" => document.notices = map.next_value()?,
                "hosts" => {
                    let push = |entry: Entry| document.hosts.push(entry.history);
                    map.next_value_seed(Each::new(push))?;
                    document.has_hosts = true;
                }
                "references" => {
                    let push = |history| document.hosts.push(history);
                    map.next_value_seed(Each::new(push))?;
                }
                "certificates" => document.certificates = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Calls `take` for each entry of a list.
struct Each<T, F> {
    take: F,
    item: std::marker::PhantomData<fn(T)>,
}

impl<T, F: FnMut(T)> Each<T, F> {
    fn new(take: F) -> Self {
        Self {
            take,
            item: std::marker::PhantomData,
        }
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> DeserializeSeed<'de> for Each<T, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for Each<T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element()? {
            (self.take)(item);
        }
        Ok(())
    }
}
