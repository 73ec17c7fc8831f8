//! mRemoteNG: `confCons.xml`, and what it exports.

use roxmltree::{Document, Node};

use super::super::error::Refusal;
use super::{CONSOLES, Import, Lines, MOST_DEEP};

/// Letters from which on a single word of them is no host name: labels end after 63.
const CIPHER: usize = 64;

/// Whether a text is a file that a version before 1.75 has encrypted: one word of Base64 without any XML around it.
pub(super) fn is_encrypted(text: &str) -> bool {
    let text = text.trim();
    text.len() >= CIPHER
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

pub(super) fn encrypted() -> Refusal {
    Refusal::new(
        "it is encrypted as a whole, as mRemoteNG does on request",
        "in mRemoteNG choose File, Export to File, mRemoteNG XML, and give the exported file",
    )
}

pub(super) fn read(document: &Document<'_>) -> Result<Import, Refusal> {
    let root = document.root_element();
    if root
        .attribute("FullFileEncryption")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        return Err(encrypted());
    }
    let mut import = Import::default();
    let mut lines = Lines::of(document.input_text());
    let connections = document.descendants().filter(|node| {
        node.has_tag_name("Node")
            && node
                .attribute("Type")
                .is_none_or(|kind| kind.eq_ignore_ascii_case("Connection"))
    });
    for node in connections {
        let name = node
            .attribute("Name")
            .unwrap_or("a connection without a name");
        let protocol = value(node, "Protocol").unwrap_or("RDP");
        if !protocol.eq_ignore_ascii_case("RDP") {
            import.leave_out("connections of another protocol", name);
            continue;
        }
        if value(node, "UseVmId").is_some_and(|uses| uses.eq_ignore_ascii_case("true")) {
            import.leave_out(CONSOLES, name);
            continue;
        }
        if value(node, "SSHTunnelConnectionName").is_some_and(|tunnel| !tunnel.trim().is_empty()) {
            import.leave_out("connections through an SSH tunnel", name);
            continue;
        }
        let Some(host) = node
            .attribute("Hostname")
            .map(str::trim)
            .filter(|host| !host.is_empty())
        else {
            import.leave_out("connections without a host name", name);
            continue;
        };
        let always = value(node, "RDGatewayUsageMethod")
            .is_some_and(|method| method.eq_ignore_ascii_case("Always"));
        let gateway = value(node, "RDGatewayHostname")
            .map(str::trim)
            .filter(|gateway| always && !gateway.is_empty());
        let port = value(node, "Port");
        let line = lines.at(node.range().start);
        import.take(host, port, line, gateway.map(str::to_owned));
    }
    Ok(import)
}

/// An attribute in force: a node that inherits it takes that of the folder above. Nodes and folders that stand at the top have
/// nobody to inherit from, whatever they say, and so it is in mRemoteNG.
fn value<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let inherit = format!("Inherit{name}");
    let inherits = |node: Node<'_, '_>| {
        node.attribute(inherit.as_str())
            .is_some_and(|inherits| inherits.eq_ignore_ascii_case("true"))
            && node
                .parent_element()
                .is_some_and(|above| above.has_tag_name("Node"))
    };
    let owner = node
        .ancestors()
        .take(MOST_DEEP)
        .find(|node| !inherits(*node))?;
    owner.attribute(name)
}
