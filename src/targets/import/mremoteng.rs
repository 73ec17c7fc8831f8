//! mRemoteNG: `confCons.xml`, and what it exports.

use roxmltree::{Document, Node};

use super::super::error::Refusal;
use super::{
    CONSOLES, Import, Lines, ListFile, MOST_DEEP, OTHER_PROTOCOLS, SSH_TUNNELS, read_table, records,
};

/// The least length of one word that is a cipher text: a label of a host name has at most 63 characters.
const CIPHER: usize = 64;

/// A file that a version before 1.75 has encrypted: one word of Base64 without XML.
pub(super) fn encrypted(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let text = file.text.trim();
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    (text.len() >= CIPHER && text.bytes().all(is_base64)).then(|| Err(encrypted_refusal()))
}

fn encrypted_refusal() -> Refusal {
    Refusal::new(
        "it is encrypted as a whole, as mRemoteNG does on request",
        "in mRemoteNG choose File, Export to File, mRemoteNG XML, and give the exported file",
    )
}

pub(super) fn read(document: &Document<'_>, file: &ListFile<'_>) -> Result<Import, Refusal> {
    let root = document.root_element();
    if root
        .attribute("FullFileEncryption")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        return Err(encrypted_refusal());
    }
    // Another tool's root has this name too.
    if !document.descendants().any(|node| node.has_tag_name("Node")) && root.has_children() {
        return records::of_xml(document)
            .map_or_else(|| Ok(Import::of("XML")), |table| read_table(table, file));
    }
    let mut import = Import::of("mRemoteNG");
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
            import.skip(OTHER_PROTOCOLS, name);
            continue;
        }
        if value(node, "UseVmId").is_some_and(|uses| uses.eq_ignore_ascii_case("true")) {
            import.skip(CONSOLES, name);
            continue;
        }
        if value(node, "SSHTunnelConnectionName").is_some_and(|tunnel| !tunnel.trim().is_empty()) {
            import.skip(SSH_TUNNELS, name);
            continue;
        }
        let Some(host) = node
            .attribute("Hostname")
            .map(str::trim)
            .filter(|host| !host.is_empty())
        else {
            import.skip("connections without a host name", name);
            continue;
        };
        let always = value(node, "RDGatewayUsageMethod")
            .is_some_and(|method| method.eq_ignore_ascii_case("Always"));
        let gateway = value(node, "RDGatewayHostname")
            .map(str::trim)
            .filter(|gateway| always && !gateway.is_empty());
        let port = value(node, "Port");
        let line = lines.at(node.range().start);
        import.add(host, port, line, gateway.map(str::to_owned));
    }
    Ok(import)
}

/// An attribute, inherited from the folder above where the node says so. As in mRemoteNG, nodes at the top inherit nothing.
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
