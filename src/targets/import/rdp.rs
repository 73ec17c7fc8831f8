//! `.rdp` files: lines of `key:type:value`.

use super::super::error::Refusal;
use super::{CONSOLES, HEAD_LINES, Import, ListFile};

/// The `gatewayusagemethod` that always uses the gateway. 2 tries a direct connection first, and 3 depends on the client's
/// settings: then a direct probe is meaningful.
const ALWAYS: &str = "1";

fn entries(text: &str) -> impl Iterator<Item = (usize, String, &str)> {
    (1..).zip(text.lines()).filter_map(|(line, content)| {
        let mut parts = content.splitn(3, ':');
        let key = parts.next()?.trim().to_ascii_lowercase();
        let _type = parts.next()?;
        Some((line, key, parts.next()?.trim()))
    })
}

/// No address and no host with a port has an `i` or `s` between two colons.
fn is_rdp_file(text: &str) -> bool {
    text.lines().take(HEAD_LINES).any(|line| {
        let mut parts = line.splitn(3, ':');
        let key = parts.next().unwrap_or_default().trim();
        let is_key = key.starts_with(|first: char| first.is_ascii_alphabetic())
            && key
                .bytes()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == b' ');
        let kind = parts.next().map(str::trim);
        is_key && matches!(kind, Some("i" | "s" | "I" | "S")) && parts.next().is_some()
    })
}

pub(super) fn read(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    is_rdp_file(file.text).then(|| Ok(host_of(file.text)))
}

fn host_of(text: &str) -> Import {
    let find = |wanted: &str| {
        entries(text)
            .find(|(_, key, value)| key == wanted && !value.is_empty())
            .map(|(line, _, value)| (line, value))
    };
    let mut import = Import::of(".rdp file");
    // mstsc connects to the alternate address where there is one: `full address` is then the broker's.
    let Some((line, host)) = find("alternate full address").or_else(|| find("full address")) else {
        import.skip(
            "connections without a host",
            "no line `full address:s:HOST`",
        );
        return import;
    };
    if find("pcb").is_some() {
        import.skip(CONSOLES, host);
        return import;
    }
    let always = find("gatewayusagemethod").is_some_and(|(_, method)| method == ALWAYS);
    let gateway = find("gatewayhostname").filter(|_| always);
    let gateway = gateway.map(|(_, gateway)| gateway.to_owned());
    let port = find("server port").map(|(_, port)| port);
    import.add(host, port, line, gateway);
    import
}
