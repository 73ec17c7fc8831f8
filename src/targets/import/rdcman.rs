//! Remote Desktop Connection Manager: `.rdg`, of version 2.2 as of 2.7 and later.
//!
//! Settings stand in an element of their own below a server, a group or the file; `inherit="FromParent"` leaves them to what
//! lies above.

use std::collections::HashMap;

use roxmltree::{Document, Node, NodeId};

use super::{CONSOLES, Import, Lines, MOST_DEEP, child};

pub(super) fn read(document: &Document<'_>) -> Import {
    let mut import = Import::default();
    let mut settings = Settings::default();
    let mut lines = Lines::of(document.input_text());
    // Beside `file` stand favourites and the like, which name servers once more.
    let servers = document
        .root_element()
        .children()
        .filter(|node| node.has_tag_name("file"))
        .flat_map(|file| file.descendants())
        .filter(|node| node.has_tag_name("server"));
    for server in servers {
        // From 2.7 on, names stand in an element of their own.
        let properties = server
            .children()
            .find(|node| node.has_tag_name("properties"));
        let name = child(server, "name").or_else(|| child(properties?, "name"));
        let Some(name) = name else {
            let shown = child(server, "displayName")
                .or_else(|| child(properties?, "displayName"))
                .unwrap_or("a server without a name");
            import.leave_out("entries without an address", shown);
            continue;
        };
        let kind = properties.and_then(|properties| child(properties, "connectionType"));
        if kind == Some("VirtualMachineConsoleConnect") {
            import.leave_out(CONSOLES, name);
            continue;
        }
        let port = settings
            .in_force(server, "connectionSettings")
            .and_then(|settings| child(settings, "port"));
        let gateway = settings
            .in_force(server, "gatewaySettings")
            .and_then(gateway);
        import.take(name, port, lines.at(server.range().start), gateway);
    }
    import
}

/// Settings by the server, group or file that they stand in. Each group is searched once, however many servers it has.
#[derive(Default)]
struct Settings<'a, 'input> {
    own: HashMap<(NodeId, &'static str), Option<Node<'a, 'input>>>,
}

impl<'a, 'input> Settings<'a, 'input> {
    /// The settings in force for a server: its own, or those of the nearest group above that has any.
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

/// Settings that a node states itself; those that it inherits are the business of what lies above.
fn stated<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    let inside =
        |node: Node<'a, 'input>, name: &str| node.children().find(|child| child.has_tag_name(name));
    // Version 2.2 keeps those of a group among its properties.
    let found = inside(node, name).or_else(|| inside(inside(node, "properties")?, name))?;
    let inherited = found
        .attribute("inherit")
        .is_some_and(|inherit| inherit.eq_ignore_ascii_case("FromParent"));
    (!inherited).then_some(found)
}

/// The gateway that is always used. With `localBypass`, it asks the client to detect (`gatewayusagemethod` 2): it tries the
/// host directly first, so that direct probing tells something.
fn gateway(settings: Node<'_, '_>) -> Option<String> {
    let is_set = |name| child(settings, name).is_some_and(|set| set.eq_ignore_ascii_case("true"));
    let host = child(settings, "hostName")?;
    (is_set("enabled") && !is_set("localBypass")).then(|| host.to_owned())
}
