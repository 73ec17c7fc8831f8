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

/// The values of `Computer`, `Address` and `Expected` in a script's two host arrays, as the grammar reads them.
pub(super) fn host_array(script: &str) -> Vec<String> {
    let tree = parse(script);
    let mut arrays = Vec::new();
    walk(tree.root_node(), &mut |node| {
        let text = &script[node.byte_range()];
        if node.kind() == "assignment_expression"
            && (text.starts_with("$Hosts = @(") || text.starts_with("$Unproven = @("))
        {
            arrays.push(node);
        }
    });
    assert_eq!(arrays.len(), 2);
    let mut values = Vec::new();
    for array in arrays {
        walk(array, &mut |node| {
            if node.kind() == "verbatim_string_characters" {
                let literal = &script[node.byte_range()];
                values.push(literal.trim_matches('\'').to_owned());
            }
            assert_ne!(node.kind(), "sub_expression");
            assert_ne!(node.kind(), "expandable_string_literal");
        });
    }
    values
}
