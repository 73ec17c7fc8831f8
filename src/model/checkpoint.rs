use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Endpoint, UnlistedCounts};

/// How far a scan has come: with the events before it, all that a scan needs to go on from here.
///
/// Attempts that follow at hosts are not in it: the newest attempt of each says how many remain.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Checkpoint {
    /// Version of the order in which the planned endpoints are tried; another one means other places.
    pub permutation: u32,
    /// Places of the order handed out so far: those from this one on are untried.
    pub cursor: u64,
    /// Listed names asked for so far, in the order of the plan; the ones after them were not.
    pub names_asked: u64,
    /// What was begun and is not finished.
    pub open: OpenWork,
    /// The newest pass over addresses that stayed silent while requests were lost.
    pub pass: Option<SilentPass>,
    /// As in the end of the scan, so far.
    pub endpoints_probed: u64,
    /// As in the end of the scan, so far.
    pub answered_on_retry: u64,
    /// As in the end of the scan, so far.
    pub unlisted: UnlistedCounts,
}

/// Work that was handed out, and of which nothing final is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct OpenWork {
    /// Planned endpoints whose first answer or final silence is awaited, by their places in the order. Sorted, none twice.
    pub places: Vec<OpenPlaces>,
    /// The same of endpoints that have no place, since a name led to them, or that are tried beside their place.
    pub endpoints: Vec<OpenEndpoint>,
    /// Listed names that were asked for, and of which nothing final is known.
    pub names: Vec<OpenName>,
    /// Hosts with names still to be looked up, by their places in the order. Sorted, none twice.
    pub lookups: Vec<PlaceRange>,
    /// Hosts without a place that have names still to be looked up.
    pub lookups_elsewhere: Vec<Endpoint>,
}

/// Addresses that stayed silent are asked again, in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SilentPass {
    /// From 1.
    pub number: u8,
    /// The silent addresses at places before this one were asked again.
    pub next: u64,
}

/// Neighbouring places, all at the same round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenPlaces {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// The current round or the next one, from 0.
    pub round: u8,
}

/// Neighbouring places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceRange {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

/// An endpoint that is tried by itself.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct OpenEndpoint {
    /// Which.
    pub endpoint: Endpoint,
    /// The current round or the next one, from 0.
    pub round: u8,
    /// It is counted where the order comes to it, and not here.
    pub repeat: bool,
}

/// A listed name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct OpenName {
    /// The name, lower case, without the final dot.
    pub name: Box<str>,
    /// The port wanted.
    pub port: u16,
}
