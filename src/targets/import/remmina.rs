//! Remmina: a connection in a file of settings.

use super::super::error::Refusal;
use super::{Import, ListFile, OTHER_PROTOCOLS, SSH_TUNNELS, ini};

pub(super) fn read(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let mut settings = ini::lines(file.text)
        .filter(|line| line.section == "remmina")
        .peekable();
    settings.peek()?;
    let settings: Vec<(usize, &str, &str)> = settings
        .filter_map(|line| {
            let (key, value) = line.text.split_once('=')?;
            Some((line.line, key.trim(), value.trim()))
        })
        .collect();
    let find = |wanted: &str| {
        let mut found = settings
            .iter()
            .filter(|(_, key, value)| *key == wanted && !value.is_empty());
        found.next().map(|(line, _, value)| (*line, *value))
    };
    let text = |wanted: &str| find(wanted).map(|(_, value)| value);
    let mut import = Import::of("Remmina");
    let name = text("name")
        .or_else(|| text("server"))
        .unwrap_or("a connection without a name");
    let is_set = |wanted: &str| text(wanted).is_some_and(|value| matches!(value, "1" | "true"));
    if text("protocol").is_some_and(|protocol| !protocol.eq_ignore_ascii_case("RDP")) {
        import.skip(OTHER_PROTOCOLS, name);
    } else if is_set("ssh_tunnel_enabled") || is_set("ssh_enabled") {
        import.skip(SSH_TUNNELS, name);
    } else if let Some((line, server)) = find("server") {
        // With this set, a direct connection is tried first.
        let gateway = text("gateway_server").filter(|_| !is_set("gateway_usage"));
        import.add(server, None, line, gateway.map(str::to_owned));
    } else {
        import.skip("connections without a host", name);
    }
    Some(Ok(import))
}
