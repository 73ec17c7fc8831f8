//! Remote Desktop Connection Manager: `.rdg` of version 2.2, and of 2.7 and later.
//!
//! Settings are an element below a server, a group or the file; `inherit="FromParent"` takes them from the level above.

use std::collections::HashMap;

use roxmltree::{Document, Node, NodeId};

use super::super::error::Refusal;
use super::{CONSOLES, Import, Lines, ListFile, MOST_DEEP, child};

#[expect(clippy::unnecessary_wraps, reason = "the signature of every reader")]
pub(super) fn read(document: &Document<'_>, _file: &ListFile<'_>) -> Result<Import, Refusal> {
    let mut import = Import::of("RDCMan");
    let mut settings = InheritedSettings::default();
    let mut lines = Lines::of(document.input_text());
    // Favourites and the like, next to `file`, repeat its servers.
    let servers = document
        .root_element()
        .children()
        .filter(|node| node.has_tag_name("file"))
        .flat_map(|file| file.descendants())
        .filter(|node| node.has_tag_name("server"));
    for server in servers {
        // From 2.7 on, names are inside `properties`.
        let properties = server
            .children()
            .find(|node| node.has_tag_name("properties"));
        let name = child(server, "name").or_else(|| child(properties?, "name"));
        let Some(name) = name else {
            let shown = child(server, "displayName")
                .or_else(|| child(properties?, "displayName"))
                .unwrap_or("a server without a name");
            import.skip("entries without an address", shown);
            continue;
        };
        let kind = properties.and_then(|properties| child(properties, "connectionType"));
        if kind == Some("VirtualMachineConsoleConnect") {
            import.skip(CONSOLES, name);
            continue;
        }
        let port = settings
            .in_force(server, "connectionSettings")
            .and_then(|settings| child(settings, "port"));
        let gateway = settings
            .in_force(server, "gatewaySettings")
            .and_then(gateway);
        import.add(name, port, lines.at(server.range().start), gateway);
    }
    Ok(import)
}

/// A cache of the settings of each server, group and file, so that a group is searched once.
#[derive(Default)]
struct InheritedSettings<'a, 'input> {
    own: HashMap<(NodeId, &'static str), Option<Node<'a, 'input>>>,
}

impl<'a, 'input> InheritedSettings<'a, 'input> {
    /// The server's own settings, or those of the nearest group above that has any.
    fn in_force(
        &mut self,
        server: Node<'a, 'input>,
        name: &'static str,
    ) -> Option<Node<'a, 'input>> {
        server.ancestors().take(MOST_DEEP).find_map(|node| {
            let own = self.own.entry((node.id(), name));
            *own.or_insert_with(|| stated(node, name))
        })
    }
}

/// The settings that a node does not inherit.
fn stated<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    let inside =
        |node: Node<'a, 'input>, name: &str| node.children().find(|child| child.has_tag_name(name));
    // In version 2.2 those of a group are inside its properties.
    let found = inside(node, name).or_else(|| inside(inside(node, "properties")?, name))?;
    let inherited = found
        .attribute("inherit")
        .is_some_and(|inherit| inherit.eq_ignore_ascii_case("FromParent"));
    (!inherited).then_some(found)
}

/// The gateway, when it is always used. With `localBypass` the client tries a direct connection first (`gatewayusagemethod` 2):
/// then a direct probe is meaningful.
fn gateway(settings: Node<'_, '_>) -> Option<String> {
    let is_set = |name| child(settings, name).is_some_and(|set| set.eq_ignore_ascii_case("true"));
    let host = child(settings, "hostName")?;
    (is_set("enabled") && !is_set("localBypass")).then(|| host.to_owned())
}
