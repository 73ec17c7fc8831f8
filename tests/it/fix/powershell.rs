//! `PowerShell` as a grammar reads it.

use tree_sitter::{Node, Parser, Tree};

fn parse(text: &str) -> Tree {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_powershell::LANGUAGE.into())
        .unwrap();
    parser.parse(text, None).unwrap()
}

/// Every node, depth first.
fn walk<'tree>(node: Node<'tree>, seen: &mut dyn FnMut(Node<'tree>)) {
    seen(node);
    for index in 0..node.child_count() {
        walk(node.child(index.try_into().unwrap()).unwrap(), seen);
    }
}

/// Where the text is no `PowerShell`.
pub(super) fn faults(text: &str) -> Vec<String> {
    let tree = parse(text);
    let mut faults = Vec::new();
    walk(tree.root_node(), &mut |node| {
        if node.is_error() || node.is_missing() {
            let start = node.start_position();
            let what: String = text[node.byte_range()].chars().take(80).collect();
            faults.push(format!("line {}: {what:?}", start.row + 1));
        }
    });
    faults
}
