//! Columns for those who want to know more: not shown unless chosen.

use std::borrow::Cow;
use std::fmt::Display;
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::{Column, ColumnId, append, spelling};
use crate::diagnosis::Spread;
use crate::fleet::Host;
use crate::model::{KeyAlgorithm, Prefixes, ServerFeature, UtcSecond};
use crate::table::sort::SortKey;

pub(super) static COLUMNS: [Column; 24] = [
    Column {
        id: ColumnId::Stage,
        word: "stage",
        about: "the stage where attempts end",
        spelt: Some(spelling::stages),
        is_date: false,
        says: |host, out| {
            if let Some(stage) = host.diagnosis.failed_stage {
                out.push_str(stage.word());
            }
        },
        key: |host| number(host.diagnosis.failed_stage.map(|stage| stage as i64)),
    },
    Column {
        id: ColumnId::Predicted,
        word: "predicted",
        about: "the error that mstsc would probably show, and how likely",
        spelt: Some(spelling::predictions),
        is_date: false,
        says: |host, out| {
            // `0x904 91%`: a code alone would accuse hosts that mostly work.
            if let Some(predicted) = &host.diagnosis.predicted {
                append(
                    out,
                    format_args!("{} {}%", predicted.code, predicted.likelihood),
                );
            }
        },
        key: |host| {
            // By code, and where it is the same the most likely first.
            let predicted = host.diagnosis.predicted.as_ref();
            predicted.map_or(SortKey::Missing, |predicted| {
                let unlikely = 100 - predicted.likelihood.min(100);
                SortKey::Text(format!("{} {unlikely:03}", predicted.code).into())
            })
        },
    },
    Column {
        id: ColumnId::Protocol,
        word: "protocol",
        about: "the security protocol that the server selected",
        spelt: Some(spelling::words),
        is_date: false,
        says: |host, out| out.push_str(host.diagnosis.security.word()),
        key: |host| SortKey::Text(host.diagnosis.security.word().into()),
    },
    Column {
        id: ColumnId::Features,
        word: "features",
        about: "what the server announces in its negotiation response",
        spelt: Some(spelling::lists),
        is_date: false,
        says: |host, out| {
            let Some(flags) = host.sketch().response_flags else {
                return;
            };
            for (index, feature) in ServerFeature::announced(flags).enumerate() {
                let gap = if index == 0 { "" } else { " " };
                append(out, format_args!("{gap}{feature}"));
            }
        },
        // Hosts that announce the most come last.
        key: |host| {
            let flags = host.sketch().response_flags;
            let announced = flags.map(|flags| ServerFeature::announced(flags).count());
            number(announced.and_then(|count| i64::try_from(count).ok()))
        },
    },
    Column {
        id: ColumnId::CommonName,
        word: "cn",
        about: "the certificate's common name",
        spelt: Some(spelling::any),
        is_date: false,
        says: |host, out| {
            push(
                out,
                host.certificate()
                    .and_then(|leaf| leaf.common_name.as_deref()),
            );
        },
        key: |host| {
            text(
                host.certificate()
                    .and_then(|leaf| leaf.common_name.as_deref()),
            )
        },
    },
    Column {
        id: ColumnId::Issuer,
        word: "issuer",
        about: "who issued the certificate",
        spelt: Some(spelling::any),
        is_date: false,
        says: |host, out| push(out, host.certificate().map(|leaf| leaf.issuer.as_ref())),
        key: |host| text(host.certificate().map(|leaf| leaf.issuer.as_ref())),
    },
    Column {
        id: ColumnId::AlternativeNames,
        word: "sans",
        about: "how many alternative names the certificate has",
        spelt: None,
        is_date: false,
        says: |host, out| show(out, host.certificate().map(|leaf| leaf.alternative_names())),
        key: |host| {
            number(
                host.certificate()
                    .and_then(|leaf| i64::try_from(leaf.alternative_names()).ok()),
            )
        },
    },
    Column {
        id: ColumnId::Expires,
        word: "expires",
        about: "the day on which the certificate ends, UTC",
        spelt: Some(spelling::dates),
        is_date: true,
        says: |host, out| {
            let ends = host.certificate().and_then(|leaf| leaf.not_after);
            if let Some(ends) = ends {
                write_day(out, ends.civil());
            }
        },
        key: |host| {
            let ends = host.certificate().and_then(|leaf| leaf.not_after);
            number(ends.map(UtcSecond::as_second))
        },
    },
    Column {
        id: ColumnId::Thumbprint,
        word: "thumbprint",
        about: "the certificate's SHA-1, as certlm shows it",
        spelt: Some(spelling::codes),
        is_date: false,
        says: |host, out| show(out, host.certificate().map(|leaf| leaf.sha1)),
        key: |host| {
            host.certificate()
                .map_or(SortKey::Missing, |leaf| SortKey::Digest(leaf.sha1))
        },
    },
    Column {
        id: ColumnId::Key,
        word: "key",
        about: "the certificate's key: algorithm and bits",
        spelt: Some(spelling::keys),
        is_date: false,
        says: |host, out| {
            if let Some(leaf) = host.certificate() {
                let word = leaf.key.algorithm.word();
                match (leaf.key.algorithm, leaf.key.bits) {
                    (KeyAlgorithm::Unknown, 0) => {}
                    (_, 0) => out.push_str(word),
                    (_, bits) => append(out, format_args!("{word} {bits}")),
                }
            }
        },
        key: |host| {
            // The weakest first; an elliptic curve is not weaker than RSA for having fewer bits.
            let leaf = host.certificate().filter(|leaf| leaf.key.bits > 0);
            leaf.map_or(SortKey::Missing, |leaf| {
                SortKey::Ranked(i64::from(leaf.key.bits), leaf.key.algorithm.word())
            })
        },
    },
    Column {
        id: ColumnId::Signature,
        word: "signature",
        about: "the algorithm of the certificate's signature",
        spelt: Some(spelling::any),
        is_date: false,
        says: |host, out| {
            push(
                out,
                host.certificate()
                    .map(|leaf| leaf.signature_algorithm.as_ref()),
            );
        },
        key: |host| {
            text(
                host.certificate()
                    .map(|leaf| leaf.signature_algorithm.as_ref()),
            )
        },
    },
    Column {
        id: ColumnId::Connect,
        word: "connect",
        about: "median time of a TCP connect, in milliseconds",
        spelt: None,
        is_date: false,
        says: |host, out| show_ms(out, host.diagnosis.stability.connect_ms),
        key: |host| slowest(host.diagnosis.stability.connect_ms),
    },
    Column {
        id: ColumnId::Handshake,
        word: "handshake",
        about: "median time of a TLS handshake, in milliseconds",
        spelt: None,
        is_date: false,
        says: |host, out| show_ms(out, host.diagnosis.stability.handshake_ms),
        key: |host| slowest(host.diagnosis.stability.handshake_ms),
    },
    Column {
        id: ColumnId::Loss,
        word: "loss",
        about: "share of connects that got lost, in percent",
        spelt: None,
        is_date: false,
        says: |host, out| {
            append(
                out,
                format_args!("{:.0}%", host.diagnosis.stability.loss * 100.0),
            );
        },
        key: |host| SortKey::Number(-thousandths(host.diagnosis.stability.loss)),
    },
    Column {
        id: ColumnId::Attempts,
        word: "attempts",
        about: "attempts that count",
        spelt: None,
        is_date: false,
        says: |host, out| show(out, Some(host.diagnosis.stability.attempts)),
        key: |host| SortKey::Number(i64::from(host.diagnosis.stability.attempts)),
    },
    Column {
        id: ColumnId::Failures,
        word: "failures",
        about: "attempts that failed",
        spelt: None,
        is_date: false,
        says: |host, out| show(out, Some(host.diagnosis.stability.failures)),
        key: |host| SortKey::Number(-i64::from(host.diagnosis.stability.failures)),
    },
    Column {
        id: ColumnId::Retransmits,
        word: "retransmits",
        about: "segments that had to be sent again, over all attempts",
        spelt: None,
        is_date: false,
        says: |host, out| show(out, host.diagnosis.stability.retransmits),
        key: |host| {
            number(
                host.diagnosis
                    .stability
                    .retransmits
                    .map(|count| -i64::from(count)),
            )
        },
    },
    Column {
        id: ColumnId::FirstSeen,
        word: "first_seen",
        about: "when a connect first came up, UTC",
        spelt: Some(spelling::dates),
        is_date: true,
        says: |host, out| show_minute(out, host.sketch().first_seen),
        key: |host| time(host.sketch().first_seen),
    },
    Column {
        id: ColumnId::LastSeen,
        word: "last_seen",
        about: "when a connect last came up, UTC",
        spelt: Some(spelling::dates),
        is_date: true,
        says: |host, out| show_minute(out, host.sketch().last_seen),
        key: |host| time(host.sketch().last_seen),
    },
    Column {
        id: ColumnId::Forward,
        word: "forward",
        about: "the addresses that the host's names lead to",
        spelt: Some(spelling::addresses),
        is_date: false,
        says: |host, out| {
            for (index, address) in forward(host).enumerate() {
                let gap = if index == 0 { "" } else { " " };
                append(out, format_args!("{gap}{address}"));
            }
        },
        key: |host| {
            forward(host)
                .min()
                .map_or(SortKey::Missing, SortKey::Address)
        },
    },
    Column {
        id: ColumnId::Reverse,
        word: "reverse",
        about: "the name that the address leads back to",
        spelt: Some(spelling::any),
        is_date: false,
        says: |host, out| push(out, host.sketch().reverse.as_deref()),
        key: |host| text(host.sketch().reverse.as_deref()),
    },
    Column {
        id: ColumnId::Domain,
        word: "domain",
        about: "what follows the first label of the name",
        spelt: None,
        is_date: false,
        says: |host, out| out.push_str(domain(host).unwrap_or_default()),
        key: |host| domain(host).map_or(SortKey::Missing, |text| SortKey::Text(text.into())),
    },
    Column {
        id: ColumnId::Subnet,
        word: "subnet",
        about: "the /24 of an IPv4 address, the /64 of an IPv6 address",
        spelt: None,
        is_date: false,
        says: |host, out| show(out, subnet_of(host)),
        key: |host| {
            subnet_of(host).map_or(SortKey::Missing, |network| SortKey::Address(network.ip()))
        },
    },
    Column {
        id: ColumnId::Build,
        word: "build",
        about: "version of the operating system, as NTLM claims it",
        spelt: Some(spelling::numbers),
        is_date: false,
        says: |host, out| {
            if let Some((major, minor, build)) = host.sketch().build {
                append(out, format_args!("{major}.{minor}.{build}"));
            }
        },
        key: |host| {
            number(host.sketch().build.map(|(major, minor, build)| {
                (i64::from(major) << 24) | (i64::from(minor) << 16) | i64::from(build)
            }))
        },
    },
];

/// What follows the first label of a name; an address has none.
pub(in crate::table) fn domain_of(name: &str) -> Option<&str> {
    let (_, domain) = name.trim_end_matches('.').split_once('.')?;
    (!domain.is_empty() && name.parse::<IpAddr>().is_err()).then_some(domain)
}

fn domain(host: &Host) -> Option<&str> {
    host.display_name().and_then(domain_of)
}

fn subnet_of(host: &Host) -> Option<IpNetwork> {
    Prefixes::default().network(host.key().endpoint()?.address)
}

/// Addresses that the names lead to, each once.
fn forward(host: &Host) -> impl Iterator<Item = IpAddr> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    let paths = &host.diagnosis.name_paths;
    for member in paths.iter().flat_map(|path| &path.members) {
        if !addresses.contains(&member.address) {
            addresses.push(member.address);
        }
    }
    addresses.into_iter()
}

fn push(out: &mut String, text: Option<&str>) {
    out.push_str(text.unwrap_or_default());
}

fn show(out: &mut String, value: Option<impl Display>) {
    if let Some(value) = value {
        append(out, format_args!("{value}"));
    }
}

fn show_ms(out: &mut String, spread: Option<Spread>) {
    if let Some(spread) = spread {
        append(out, format_args!("{:.1}", spread.median));
    }
}

fn show_minute(out: &mut String, time: Option<Timestamp>) {
    if let Some(time) = time {
        let at = Offset::UTC.to_datetime(time);
        write_day(out, at);
        out.push(' ');
        write_pair(out, at.hour());
        out.push(':');
        write_pair(out, at.minute());
    }
}

/// As `%Y-%m-%d`, digit by digit: a filter that looks for a date has this written for every host while somebody types.
fn write_day(out: &mut String, at: DateTime) {
    match i8::try_from(at.year() / 100)
        .ok()
        .filter(|_| at.year() >= 0)
    {
        Some(century) => {
            write_pair(out, century);
            write_pair(out, i8::try_from(at.year() % 100).unwrap_or_default());
        }
        None => append(out, format_args!("{}", at.strftime("%Y"))),
    }
    for part in [at.month(), at.day()] {
        out.push('-');
        write_pair(out, part);
    }
}

/// Two digits.
fn write_pair(out: &mut String, number: i8) {
    let number = number.unsigned_abs();
    out.push(char::from(b'0' + number / 10 % 10));
    out.push(char::from(b'0' + number % 10));
}

fn number(value: Option<i64>) -> SortKey<'static> {
    value.map_or(SortKey::Missing, SortKey::Number)
}

fn time(value: Option<Timestamp>) -> SortKey<'static> {
    number(value.map(Timestamp::as_millisecond))
}

fn text<'a>(value: Option<impl Into<Cow<'a, str>>>) -> SortKey<'a> {
    value.map_or(SortKey::Missing, |text| SortKey::Text(text.into()))
}

fn slowest(spread: Option<Spread>) -> SortKey<'static> {
    number(spread.map(|spread| -thousandths(spread.median)))
}

/// Thousandths of a measure, so that it has an order.
#[expect(
    clippy::cast_possible_truncation,
    reason = "shares and milliseconds are far from the ends of an i64, where a cast stops"
)]
pub(in crate::table) fn thousandths(value: f64) -> i64 {
    (value * 1000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_their_pattern_says() {
        for text in [
            "2026-03-07T00:00:00Z",
            "1999-12-31T23:59:59Z",
            "0009-01-02T03:04:05Z",
            "9999-12-30T09:08:07Z",
            "-000044-03-15T12:00:00Z",
        ] {
            let time: Timestamp = text.parse().unwrap();
            let mut said = String::new();
            show_minute(&mut said, Some(time));
            assert_eq!(said, time.strftime("%Y-%m-%d %H:%M").to_string());
        }
    }
}
