use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Lookup, LookupAnswer, Question, Resolver};

/// One question to one resolver.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HostLookup")]
pub(super) struct LookupV1<'a> {
    /// The name or address.
    question: String,
    /// What was queried.
    query: QueryV1,
    /// `system`, `configured`, or the address and port of a server given with `--dns`.
    resolver: String,
    /// What came back.
    answer: AnswerV1,
    /// The addresses or names.
    values: Vec<String>,
    /// The smallest time to live in seconds, where the resolver gives it.
    ttl_s: Option<u32>,
    /// The resolver's words for an error.
    detail: Option<&'a str>,
    /// Milliseconds it took.
    duration_ms: u32,
}

/// What a lookup queries.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Query")]
enum QueryV1 {
    /// A and AAAA of a name.
    Addresses,
    /// PTR of an address.
    Pointer,
}

/// What came back.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Answer")]
enum AnswerV1 {
    /// Addresses.
    Addresses,
    /// Names.
    Names,
    /// There is no such name.
    #[serde(rename = "nxdomain")]
    NxDomain,
    /// The name exists, but has no such record.
    NoData,
    /// The aliases (CNAME) of the name form a loop or an endless chain.
    AliasLoop,
    /// The query timed out.
    Timeout,
    /// The server failed.
    #[serde(rename = "servfail")]
    ServFail,
    /// The server refused.
    Refused,
    /// "Not found" from the system's resolver, which gives no reason.
    NotFound,
    /// Anything else.
    Error,
}

impl<'a> LookupV1<'a> {
    pub(super) fn new(lookup: &'a Lookup) -> Self {
        let (question, query) = match &lookup.question {
            Question::Addresses(name) => (name.to_string(), QueryV1::Addresses),
            Question::Pointer(address) => (address.to_string(), QueryV1::Pointer),
        };
        let mut values = Vec::new();
        let mut ttl = None;
        let mut words = None;
        let answer = match &lookup.answer {
            LookupAnswer::Addresses { addresses, ttl_s } => {
                values = addresses.iter().map(ToString::to_string).collect();
                ttl = *ttl_s;
                AnswerV1::Addresses
            }
            LookupAnswer::Names { names } => {
                values = names.iter().map(ToString::to_string).collect();
                AnswerV1::Names
            }
            LookupAnswer::NxDomain => AnswerV1::NxDomain,
            LookupAnswer::NoData => AnswerV1::NoData,
            LookupAnswer::AliasLoop => AnswerV1::AliasLoop,
            LookupAnswer::Timeout => AnswerV1::Timeout,
            LookupAnswer::ServFail => AnswerV1::ServFail,
            LookupAnswer::Refused => AnswerV1::Refused,
            LookupAnswer::NotFound => AnswerV1::NotFound,
            LookupAnswer::Error { detail } => {
                words = Some(&**detail);
                AnswerV1::Error
            }
        };
        Self {
            question,
            query,
            resolver: match lookup.resolver {
                Resolver::System => "system".to_owned(),
                Resolver::Configured => "configured".to_owned(),
                Resolver::Server(server) => server.to_string(),
            },
            answer,
            values,
            ttl_s: ttl,
            detail: words,
            duration_ms: lookup.duration_ms,
        }
    }
}
