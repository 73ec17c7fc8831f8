use std::net::{IpAddr, Ipv4Addr};

use super::error::Refusal;
use super::ranges::{Range, RangeSet, address, number};
use crate::model::not_a_host;

/// The prefix length of the IPv4-mapped block.
const MAPPED: u8 = 96;
/// The shortest IPv6 prefix that is swept: 65,536 addresses. Shorter ones are too sparse to find hosts in.
const SHORTEST_V6_PREFIX: u8 = 112;
/// The longest host name, in bytes without the final dot (RFC 1035 section 2.3.4).
const NAME_LIMIT: usize = 253;
/// The longest label of a host name (RFC 1035 section 2.3.4).
const LABEL_LIMIT: usize = 63;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Addresses {
        /// INVARIANT: not empty.
        ranges: Vec<Range>,
        /// Exactly one address was named.
        single: bool,
        port: Option<u16>,
    },
    Name {
        /// In lower case, without the final dot.
        name: String,
        port: Option<u16>,
    },
}

impl Target {
    /// The port that the target names.
    pub(super) const fn port(&self) -> Option<u16> {
        match self {
            Self::Addresses { port, .. } | Self::Name { port, .. } => *port,
        }
    }
}

pub(super) fn target(word: &str) -> Result<Target, Refusal> {
    let (body, port) = split_port(word)?;
    match block(body)? {
        Some(block) => Ok(Target::Addresses {
            ranges: block.hosts()?,
            single: block.range.first == block.range.last,
            port,
        }),
        None => Ok(Target::Name {
            name: host_name(body)?,
            port,
        }),
    }
}

/// Parses an exclude: addresses of any number and kind, no names.
pub(super) fn exclude(word: &str) -> Result<Vec<Range>, Refusal> {
    let (body, port) = split_port(word)?;
    let Some(block) = block(body)? else {
        host_name(body)?;
        return Err(Refusal::new(
            "a name may lead to other addresses while the scan runs",
            "use the addresses that must not be touched",
        ));
    };
    if port.is_some() {
        return Err(Refusal::new(
            "an excluded address is left alone on every port",
            "use it without the port",
        ));
    }
    Ok(block.of_one_family())
}

/// The notation of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Single,
    /// The prefix length, of IPv4 for IPv4.
    Network(u8),
    Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct AddressBlock {
    range: Range,
    form: Form,
}

impl AddressBlock {
    fn is_v4(self) -> bool {
        Range::IPV4.contains(self.range)
    }

    /// Without IPv4 for an IPv6 prefix that contains the mapped block.
    fn of_one_family(self) -> Vec<Range> {
        let all = RangeSet::of(vec![self.range]);
        if self.is_v4() {
            all.ranges().to_vec()
        } else {
            all.without(&RangeSet::of(vec![Range::IPV4]))
                .ranges()
                .to_vec()
        }
    }

    /// The addresses that can be hosts.
    fn hosts(self) -> Result<Vec<Range>, Refusal> {
        if self.form == Form::Single {
            return match not_a_host(address(self.range.first)) {
                Some(what) => Err(Refusal::new(
                    format!("{what} is not a host"),
                    "use the address of a host",
                )),
                None => Ok(vec![self.range]),
            };
        }
        if !self.is_v4() && self.range.count() > 1 << (128 - SHORTEST_V6_PREFIX) {
            return Err(Refusal::new(
                match self.form {
                    Form::Network(prefix) => {
                        let bits = 128 - u32::from(prefix);
                        format!("a /{prefix} holds 2^{bits} IPv6 addresses, too many to sweep")
                    }
                    _ => "more than 65,536 IPv6 addresses are too many to sweep".to_owned(),
                },
                format!("use a prefix from /{SHORTEST_V6_PREFIX} to /128, or the hosts one by one"),
            ));
        }
        let mut ranges = RangeSet::of(self.of_one_family());
        if let Form::Network(..=30) = self.form
            && self.is_v4()
        {
            // Below /31 the first and the last address are the network's own and its broadcast (RFC 3021 for /31).
            ranges = ranges.without(&RangeSet::of(
                [self.range.first, self.range.last]
                    .map(|edge| Range::new(edge, edge))
                    .to_vec(),
            ));
        }
        let mut not_hosts = SPECIAL.to_vec();
        if !LOOPBACK_V4.contains(self.range) {
            not_hosts.push(LOOPBACK_V4);
        }
        ranges = ranges.without(&RangeSet::of(not_hosts));
        if ranges.is_empty() {
            return Err(Refusal::new(
                "none of its addresses can be a host",
                "use the addresses of hosts",
            ));
        }
        Ok(ranges.ranges().to_vec())
    }
}

const fn v4(first: [u8; 4], last: [u8; 4]) -> Range {
    Range {
        first: Range::IPV4.first + u32::from_be_bytes(first) as u128,
        last: Range::IPV4.first + u32::from_be_bytes(last) as u128,
    }
}

/// 127.0.0.0/8, which is scanned only when a target is wholly inside.
const LOOPBACK_V4: Range = v4([127, 0, 0, 0], [127, 255, 255, 255]);

/// The ranges of [`not_a_host`].
const SPECIAL: [Range; 6] = [
    v4([0, 0, 0, 0], [0, 255, 255, 255]),
    v4([224, 0, 0, 0], [239, 255, 255, 255]),
    v4([255, 255, 255, 255], [255, 255, 255, 255]),
    Range { first: 0, last: 0 },
    Range {
        first: 0xFE80 << 112,
        last: (0xFEC0 << 112) - 1,
    },
    Range {
        first: 0xFF00 << 112,
        last: u128::MAX,
    },
];

/// Splits `host:port`, `10.0.0.0/24:port`, `[v6]:port`. A bare IPv6 address has no port.
fn split_port(word: &str) -> Result<(&str, Option<u16>), Refusal> {
    if word.contains("://") {
        return Err(Refusal::new(
            "this is a URL",
            "use only the host, or host:port",
        ));
    }
    if word.contains('@') {
        return Err(Refusal::new(
            "a user name is never sent to a host",
            "use only the host, or host:port",
        ));
    }
    if let Some(rest) = word.strip_prefix('[') {
        let Some((inner, after)) = rest.split_once(']') else {
            return Err(Refusal::new(
                "the closing square bracket is missing",
                "write [2001:db8::5]:3389",
            ));
        };
        if !inner.contains(':') {
            return Err(Refusal::new(
                "square brackets hold an IPv6 address",
                "write names and IPv4 addresses without them",
            ));
        }
        return match after.strip_prefix(':') {
            Some(text) => Ok((inner, Some(port(text)?))),
            None if after.is_empty() => Ok((inner, None)),
            None => Err(Refusal::new(
                "only a port may follow the square brackets",
                "write [2001:db8::5]:3389, or [2001:db8::/120]:3389",
            )),
        };
    }
    match word.split_once(':') {
        Some((body, text)) if !text.contains(':') => Ok((body, Some(port(text)?))),
        _ => Ok((word, None)),
    }
}

fn port(text: &str) -> Result<u16, Refusal> {
    if !text.is_empty()
        && text.bytes().all(|digit| digit.is_ascii_digit())
        && let Ok(port @ 1..) = text.parse()
    {
        return Ok(port);
    }
    Err(Refusal::new(
        format!(
            "the port after the colon is not a number from 1 to {}",
            u16::MAX
        ),
        "write host:3389, or leave the port off",
    ))
}

/// `None` for what can only be a name.
fn block(body: &str) -> Result<Option<AddressBlock>, Refusal> {
    if body.contains('%') {
        return Err(Refusal::new(
            "an address with a zone belongs to one interface of one machine",
            "use the host's global address or its name",
        ));
    }
    if let Some((base, mask)) = body.split_once('/') {
        return network(base, mask).map(Some);
    }
    if let Ok(single) = body.parse::<IpAddr>() {
        let at = number(single);
        return Ok(Some(AddressBlock {
            range: Range::new(at, at),
            form: Form::Single,
        }));
    }
    if let Some((first, last)) = body.split_once(['-', '–'])
        && let Ok(first) = first.parse::<IpAddr>()
    {
        return span(first, last).map(Some);
    }
    if body.contains(':') {
        return Err(Refusal::new(
            "not an IPv6 address",
            "write 2001:db8::5, [2001:db8::5]:3389 or 2001:db8::/120",
        ));
    }
    let numeric = |text: &str| text.bytes().all(|letter| letter.is_ascii_digit());
    let bare = body.strip_suffix('.').unwrap_or(body);
    if bare.rsplit('.').next().is_some_and(numeric)
        || bare
            .bytes()
            .all(|letter| matches!(letter, b'0'..=b'9' | b'.' | b'-'))
    {
        return Err(Refusal::new(
            "neither a host name nor an IPv4 address, which is four numbers from 0 to 255 without leading zeros",
            "write 10.0.0.5, 10.0.0.10-50, 10.0.0.1-10.0.3.255 or 10.0.0.0/24",
        ));
    }
    Ok(None)
}

fn network(base: &str, mask: &str) -> Result<AddressBlock, Refusal> {
    let Ok(base) = base.parse::<IpAddr>() else {
        return Err(Refusal::new(
            "invalid address before the slash",
            "write 10.0.0.0/24 or 2001:db8::/120, and @FILE for a list",
        ));
    };
    let most = if base.is_ipv4() { 32 } else { 128 };
    let prefix = match (base, mask.parse::<Ipv4Addr>()) {
        (IpAddr::V4(_), Ok(mask)) => ipnetwork::ipv4_mask_to_prefix(mask).map_err(|_| {
            Refusal::new(
                "the bits of the netmask are not ones followed by zeros",
                "write 10.0.0.0/255.255.255.0 or 10.0.0.0/24",
            )
        })?,
        _ => mask
            .parse()
            .ok()
            .filter(|prefix| *prefix <= most && !mask.starts_with('+'))
            .ok_or_else(|| {
                Refusal::new(
                    "invalid prefix length",
                    if most == 32 {
                        "use 0 to 32, as in 10.0.0.0/24"
                    } else {
                        "use 0 to 128, as in 2001:db8::/120"
                    },
                )
            })?,
    };
    let long = if base.is_ipv4() {
        prefix + MAPPED
    } else {
        prefix
    };
    let hosts = u128::MAX.checked_shr(u32::from(long)).unwrap_or(0);
    let range = Range::new(number(base) & !hosts, number(base) | hosts);
    Ok(AddressBlock {
        form: if range.first == range.last {
            Form::Single
        } else if Range::IPV4.contains(range) {
            Form::Network(long - MAPPED)
        } else {
            Form::Network(prefix)
        },
        range,
    })
}

fn span(first: IpAddr, last: &str) -> Result<AddressBlock, Refusal> {
    let end = match (first, last.parse::<IpAddr>()) {
        (_, Ok(last)) => last,
        (IpAddr::V4(v4), Err(_)) => {
            let [a, b, c, _] = v4.octets();
            let octet = last.parse().ok().filter(|_| !last.starts_with('+'));
            let Some(octet) = octet else {
                return Err(Refusal::new(
                    "invalid end of the range",
                    "use an address, or a number from 0 to 255, as in 10.0.0.10-50 or 10.0.0.1-10.0.3.255",
                ));
            };
            IpAddr::V4(Ipv4Addr::new(a, b, c, octet))
        }
        (IpAddr::V6(_), Err(_)) => {
            return Err(Refusal::new(
                "invalid end of the range",
                "write both ends in full, 2001:db8::10-2001:db8::50",
            ));
        }
    };
    if first.to_canonical().is_ipv4() != end.to_canonical().is_ipv4() {
        return Err(Refusal::new(
            "one end is IPv4 and the other IPv6",
            "use one range for each",
        ));
    }
    if number(end) < number(first) {
        return Err(Refusal::new(
            "the range ends before it begins",
            "use the lower address first",
        ));
    }
    let range = Range::new(number(first), number(end));
    Ok(AddressBlock {
        form: if range.first == range.last {
            Form::Single
        } else {
            Form::Span
        },
        range,
    })
}

/// Checks and normalises a host name (RFC 1123 section 2.1, and the underscore that Windows allows).
fn host_name(body: &str) -> Result<String, Refusal> {
    let bare = body.strip_suffix('.').unwrap_or(body);
    let refuse = |reason: String, way_out: &str| Err(Refusal::new(reason, way_out));
    if bare.is_empty() {
        return refuse(
            "there is no host in it".to_owned(),
            "use a name, an address or a range",
        );
    }
    if let Some(letter) = bare
        .chars()
        .find(|letter| !matches!(letter, 'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.'))
    {
        return match letter {
            '*' | '?' => refuse(
                "wildcards are not understood".to_owned(),
                "write 10.0.0.0/24 or 10.0.0.10-50",
            ),
            '\\' => refuse(
                "a backslash cannot be part of a host name".to_owned(),
                "use only the host, and @FILE for a list",
            ),
            _ if letter.is_alphabetic() => refuse(
                format!("the letter {letter:?} is not ASCII"),
                "write the name in its xn-- form",
            ),
            _ => refuse(
                format!("the character {letter:?} cannot be part of a host name"),
                "use a name, an address or a range",
            ),
        };
    }
    if bare.len() > NAME_LIMIT {
        return refuse(
            format!("a host name has at most {NAME_LIMIT} characters"),
            "use the host's real name or its address",
        );
    }
    for label in bare.split('.') {
        if label.is_empty() {
            return refuse(
                "there is nothing between two dots".to_owned(),
                "use the name as DNS knows it",
            );
        }
        if label.len() > LABEL_LIMIT {
            return refuse(
                format!("a part of a host name has at most {LABEL_LIMIT} characters"),
                "use the host's real name or its address",
            );
        }
        if label.starts_with('-') || label.ends_with('-') {
            return refuse(
                "a part of a host name cannot begin or end with a dash".to_owned(),
                "use the name as DNS knows it",
            );
        }
    }
    Ok(bare.to_ascii_lowercase())
}

#[cfg(test)]
#[path = "spec_tests.rs"]
mod tests;
