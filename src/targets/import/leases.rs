//! Lists in which names and addresses stand side by side: `hosts` files, leases of DHCP servers, zones of DNS, and what `dsquery`
//! prints. Each becomes a table, so that a name is taken first, and the address of its line where there is none.

use std::net::{IpAddr, Ipv4Addr};

use super::super::error::Refusal;
use super::table::{Table, cells};
use super::{HEAD_LINES, Import, ListFile, content, read_table};

/// A `hosts` file: an address and its names on each line.
pub(super) fn hosts_file(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let mut count = 0;
    for (_, line) in content(file.text, '#').take(HEAD_LINES) {
        let mut words = line.split_whitespace();
        let is_one = words.next().is_some_and(|word| {
            word.split('%')
                .next()
                .unwrap_or_default()
                .parse::<IpAddr>()
                .is_ok()
        });
        let mut names = words.peekable();
        let is_named = names.peek().is_some()
            && names.all(|name| {
                name.parse::<IpAddr>().is_err()
                    && !name.contains([',', ';', ':', '/', '|', '"', '('])
            });
        if !(is_one && is_named) {
            return None;
        }
        count += 1;
    }
    if count < 2 && !file.text.contains('#') {
        return None;
    }
    let mut table = Table::of_hosts("hosts file");
    let mut own = Vec::new();
    for (line, content) in content(file.text, '#') {
        let mut words = content.split_whitespace();
        let (Some(address), Some(name)) = (words.next(), words.next()) else {
            continue;
        };
        let is_own = matches!(
            address,
            "127.0.0.1" | "127.0.1.1" | "::1" | "0.0.0.0" | "::"
        ) || name.starts_with("ip6-");
        if is_own || cells::is_own_name(name) || cells::hosts(address).is_empty() {
            own.push(name);
        } else {
            table.push(line, &[name, address]);
        }
    }
    Some(read_table(table, file).map(|mut import| {
        for name in own {
            import.skip("names of the machine itself and of no host", name);
        }
        import
    }))
}

/// `dhcpd.leases` of ISC: the last lease of an address counts.
pub(super) fn dhcpd(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let is_lease = |line: &str| line.starts_with("lease ") && line.ends_with('{');
    content(file.text, '#')
        .take(HEAD_LINES)
        .find(|(_, line)| is_lease(line))?;
    let mut table = Table::of_hosts("leases of ISC dhcpd");
    table.headings.push("State".to_owned());
    let mut places = std::collections::HashMap::new();
    let (mut address, mut name, mut state, mut first) = ("", "", "", 0);
    for (line, content) in (1..).zip(file.text.lines()) {
        let content = content.trim();
        if is_lease(content) {
            address = content.split_whitespace().nth(1).unwrap_or_default();
            (name, state, first) = ("", "", line);
        } else if let Some(rest) = content.strip_prefix("client-hostname ") {
            name = rest.trim_matches(['"', ';', ' ']);
        } else if let Some(rest) = content.strip_prefix("binding state ") {
            state = rest.trim_end_matches(';');
        } else if content == "}" && !address.is_empty() {
            places.insert(address, (first, name, state));
            address = "";
        }
    }
    let mut leases: Vec<_> = places
        .into_iter()
        .map(|(address, (line, name, state))| (line, name, address, state))
        .collect();
    leases.sort_unstable();
    for (line, name, address, state) in leases {
        table.push(line, &[name, address, state]);
    }
    Some(read_table(table, file))
}

/// `dnsmasq.leases`: time, MAC, address, name, client id.
pub(super) fn dnsmasq(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    fn fields(line: &str) -> Option<(&str, &str)> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [time, _, address, name, _] = words.as_slice() else {
            return None;
        };
        let is_one =
            time.bytes().all(|digit| digit.is_ascii_digit()) && address.parse::<IpAddr>().is_ok();
        is_one.then_some((*name, *address))
    }
    let mut lines = content(file.text, '#')
        .filter(|(_, line)| !line.starts_with("duid "))
        .peekable();
    lines.peek().and_then(|(_, line)| fields(line))?;
    let mut table = Table::of_hosts("leases of dnsmasq");
    for (line, (name, address)) in
        lines.filter_map(|(line, content)| Some((line, fields(content)?)))
    {
        table.push(line, &[name, address]);
    }
    Some(read_table(table, file))
}

/// `netsh dhcp server dump`: reservations; and the list of `show clients`.
pub(super) fn netsh(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    fn reservation(line: &str) -> Option<(String, &str)> {
        let lower = line.to_ascii_lowercase();
        let at = lower.find(" add reservedip ")? + " add reservedip ".len();
        let rest = line.get(at..)?;
        let address = rest.split_whitespace().next()?;
        Some((
            rest.split('"').nth(1).unwrap_or_default().to_owned(),
            address,
        ))
    }
    fn client(line: &str) -> Option<(String, &str)> {
        let (address, rest) = line.split_once(" - ")?;
        let parts: Vec<&str> = rest.split(" -").map(str::trim).collect();
        // Without a mask in its place it is something else, as a range of addresses.
        let mask = u32::from(parts.first()?.parse::<Ipv4Addr>().ok()?);
        if mask.leading_ones() + mask.trailing_zeros() != u32::BITS {
            return None;
        }
        let name = parts
            .last()
            .filter(|_| parts.len() > 2)
            .copied()
            .unwrap_or_default();
        let name = name
            .trim_start_matches(['-', ' ', 'D', 'U', 'N', 'R'])
            .trim();
        let name = parts
            .last()
            .and_then(|last| last.split_whitespace().last())
            .filter(|last| name.ends_with(last))
            .unwrap_or(name);
        let address = address.trim();
        address.parse::<IpAddr>().ok()?;
        Some((name.to_owned(), address))
    }
    let is_dump = file
        .text
        .lines()
        .take(20_000)
        .any(|line| reservation(line).is_some());
    let is_list = file
        .text
        .lines()
        .take(HEAD_LINES)
        .any(|line| client(line).is_some());
    if !is_dump && !is_list {
        return None;
    }
    let mut table = Table::of_hosts("clients of netsh dhcp");
    for (line, content) in (1..).zip(file.text.lines()) {
        if let Some((name, address)) = if is_dump {
            reservation(content)
        } else {
            client(content)
        } {
            table.push(line, &[&name, address]);
        }
    }
    Some(read_table(table, file))
}

/// A zone of DNS as BIND and `dnscmd /ZoneExport` write it.
pub(super) fn zone(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let mut head = content(file.text, ';').take(HEAD_LINES);
    head.find(|(_, line)| {
        line.starts_with("$ORIGIN")
            || line.starts_with("$TTL")
            || line.split_whitespace().any(|word| word == "SOA")
    })?;
    let mut table = Table::of_hosts("DNS zone");
    // The export of Windows names its zone in a comment.
    let named = file
        .text
        .lines()
        .take(HEAD_LINES)
        .filter(|line| line.starts_with(';'))
        .find_map(|line| {
            let (_, zone) = line.split_once(" for ")?;
            let zone = zone.split_once(" zone").map(|(zone, _)| zone)?;
            Some(zone.trim().to_owned())
        });
    let mut origin = named.unwrap_or_default();
    let mut owner = "";
    for (line, content) in content(file.text, ';') {
        if let Some(name) = content.strip_prefix("$ORIGIN") {
            name.trim().trim_end_matches('.').clone_into(&mut origin);
            continue;
        }
        let mut words = content.split_whitespace().peekable();
        if !content.starts_with(char::is_whitespace) {
            owner = words.next().unwrap_or_default();
        }
        let words: Vec<&str> = words.collect();
        let record = words.windows(2).find_map(|pair| match pair {
            [kind, address] if matches!(*kind, "A" | "AAAA") => Some(*address),
            _ => None,
        });
        let Some(address) = record.filter(|address| address.parse::<IpAddr>().is_ok()) else {
            continue;
        };
        let is_of_domain = matches!(owner, "DomainDnsZones" | "ForestDnsZones" | "gc._msdcs");
        // `@` is the domain, which leads to its controllers; they have names of their own.
        if owner == "@" || owner.is_empty() || owner.starts_with('*') || is_of_domain {
            continue;
        }
        let name = match owner.strip_suffix('.') {
            Some(full) => full.to_owned(),
            None if origin.is_empty() => String::new(),
            None => format!("{owner}.{origin}"),
        };
        table.push(line, &[&name, address]);
    }
    Some(read_table(table, file))
}

/// What `dsquery computer` prints: a distinguished name on each line.
pub(super) fn dsquery(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let path = |line: &'_ str| -> Option<String> {
        let line = line.trim().trim_matches('"');
        let upper = line.get(..3)?.to_ascii_uppercase();
        (upper == "CN=").then(|| line.to_owned())
    };
    let mut lines = (1..)
        .zip(file.text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
        .peekable();
    let (_, first) = lines.peek()?;
    path(first).filter(|path| path.to_ascii_uppercase().contains(",DC="))?;
    let mut table = Table::new("list of dsquery", vec!["DistinguishedName".to_owned()]);
    for (line, content) in lines {
        table.push(
            line,
            &[&path(content).unwrap_or_else(|| content.trim().to_owned())],
        );
    }
    Some(read_table(table, file))
}
