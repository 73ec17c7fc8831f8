//! Answers and outcomes as the tables write them.

use crate::diagnosis::testing::{alert, closed, leading_to, reset, silent};
use crate::model::{LookupAnswer, Outcome};

pub(super) fn answer(words: &[String]) -> LookupAnswer {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["nxdomain"] => LookupAnswer::NxDomain,
        ["nodata"] => LookupAnswer::NoData,
        ["loop"] => LookupAnswer::AliasLoop,
        ["notfound"] => LookupAnswer::NotFound,
        ["servfail"] => LookupAnswer::ServFail,
        ["refused"] => LookupAnswer::Refused,
        ["timeout"] => LookupAnswer::Timeout,
        ref addresses => leading_to(addresses),
    }
}

pub(super) fn outcome(word: &str) -> Outcome {
    let (kind, number) = word.split_once('=').unwrap_or((word, "0"));
    let number: u32 = match number.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).unwrap(),
        None => number.parse().unwrap_or_default(),
    };
    match kind {
        "ok" => Outcome::Ok,
        "closed" => closed(number),
        "reset" => reset(number),
        "silent" => silent(),
        "stalled" => Outcome::Timeout { received: number },
        "refused" => Outcome::Refused,
        "unreachable" => Outcome::HostUnreachable,
        "no_route" => Outcome::NetworkUnreachable,
        "prohibited" => Outcome::Prohibited,
        "failure" => Outcome::NegotiationFailure { code: number },
        "no_tls" => Outcome::NoTls,
        "alert" => alert(u8::try_from(number).unwrap()),
        "error" => Outcome::CredsspError { status: number },
        "no_challenge" => Outcome::NoChallenge,
        "cancelled" => Outcome::Cancelled,
        "our_refusal" => Outcome::ClientRefused {
            detail: "no common suite".into(),
        },
        "malformed" => Outcome::Malformed {
            detail: "length 3".into(),
        },
        "local" => Outcome::LocalError {
            detail: "too many open files".into(),
        },
        "not_rdp" => Outcome::NotRdp {
            looks_like: "ssh".into(),
            first_bytes: "5353482d".parse().unwrap(),
        },
        "not_rdp_tls" => Outcome::NotRdp {
            looks_like: "tls".into(),
            first_bytes: "15030100".parse().unwrap(),
        },
        other => panic!("no outcome {other}"),
    }
}
