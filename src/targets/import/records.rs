//! Records of JSON, YAML and XML as tables: a record is a row, and its keys are headings.

use std::collections::{BTreeMap, HashMap, HashSet};

use csv::StringRecord;
use roxmltree::{Document, Node};
use serde_json::Value;

use super::table::{Role, Row, Table, role};

/// The most headings, and the most keys inside of keys.
const MOST_HEADINGS: usize = 512;
const MOST_NESTED: usize = 4;
/// How far down records are looked for.
const MOST_DEEP: usize = 16;
/// Records inside of a record that belong to it, such as its network interfaces.
const MOST_PARTS: usize = 64;

/// Rows by heading.
struct Rows {
    table: Table,
    headings: HashMap<String, usize>,
}

impl Rows {
    fn new(form: &'static str) -> Self {
        Self {
            table: Table::new(form, Vec::new()),
            headings: HashMap::new(),
        }
    }

    fn add(&mut self, line: usize, pairs: Vec<(String, String)>) {
        let mut cells: Vec<String> = Vec::new();
        for (key, value) in pairs {
            let count = self.headings.len();
            let column = match self.headings.get(&key) {
                Some(column) => *column,
                None if count >= MOST_HEADINGS => continue,
                None => {
                    self.table.headings.push(key.clone());
                    self.headings.insert(key, count);
                    count
                }
            };
            if cells.len() <= column {
                cells.resize(column + 1, String::new());
            }
            if let Some(cell) = cells.get_mut(column) {
                if !cell.is_empty() {
                    cell.push('\n');
                }
                cell.push_str(&value);
            }
        }
        self.table.rows.push(Row {
            line,
            cells: StringRecord::from(cells),
        });
    }
}

/// The better of two groups of records: the one whose keys name hosts, with more of them.
fn worth(headings: &[String], rows: usize) -> (u8, usize) {
    let rank = |heading: &String| match role(heading) {
        Some(Role::Name(rank) | Role::Address(rank)) => rank,
        Some(Role::DistinguishedName) => 50,
        _ => 0,
    };
    let is_address = |heading: &String| matches!(role(heading), Some(Role::Address(_)));
    let own = headings.iter().filter(|heading| !heading.contains("[]"));
    let own = own.map(rank).max().unwrap_or_default();
    let most = headings.iter().map(rank).max().unwrap_or_default();
    let most = match own {
        // Hosts in the parts of a record are records themselves.
        0 => most / 2,
        // A name, and an address in it or in its parts, such as its network interfaces.
        _ if headings.iter().any(is_address) => most.max(100),
        // A label alone is no host.
        _ => most,
    };
    (most, rows)
}

/// The records in a JSON or YAML document; `None` when there are none.
pub(super) fn of_value(form: &'static str, document: &Value) -> Option<Table> {
    let mut groups = Groups::new();
    collect("", document, 0, &mut groups);
    if groups.is_empty() && document.is_object() {
        // One record without a list around it.
        let mut pairs = Vec::new();
        flatten("", "", document, 0, &mut pairs);
        add_record(&mut groups, "", 0, pairs);
    }
    let tables = groups.into_values().map(|(depth, records)| {
        let mut rows = Rows::new(form);
        for (entry, pairs) in (1..).zip(records) {
            rows.add(entry, pairs);
        }
        (depth, rows.table)
    });
    // Records inside of records, such as network interfaces, are parts of theirs.
    let best = tables.max_by_key(|(depth, table)| {
        let (rank, rows) = worth(&table.headings, table.rows.len());
        (rank, std::cmp::Reverse(*depth), rows)
    });
    best.map(|(_, table)| table)
}

/// Records by the key of their list, with the depth of the first.
type Groups<'a> = BTreeMap<&'a str, (usize, Vec<Vec<(String, String)>>)>;

fn add_record<'a>(
    groups: &mut Groups<'a>,
    key: &'a str,
    depth: usize,
    pairs: Vec<(String, String)>,
) {
    let (_, records) = groups.entry(key).or_insert_with(|| (depth, Vec::new()));
    records.push(pairs);
}

/// Records by the key of the list that holds them: folders hold lists of the same key.
fn collect<'a>(key: &'a str, value: &'a Value, depth: usize, groups: &mut Groups<'a>) {
    if depth > MOST_DEEP {
        return;
    }
    match value {
        Value::Array(items) => {
            for item in items {
                if let Value::Object(fields) = item {
                    let mut pairs = Vec::new();
                    flatten("", key, item, 0, &mut pairs);
                    add_record(groups, key, depth, pairs);
                    for (key, value) in fields {
                        collect(key, value, depth + 1, groups);
                    }
                } else if item.is_array() {
                    collect(key, item, depth + 1, groups);
                }
            }
        }
        Value::Object(fields) => {
            // A map of records by their names, such as the connections of Guacamole.
            let is_map = fields.len() > 1 || depth > 0;
            if is_map && !fields.is_empty() && fields.values().all(Value::is_object) {
                for (name, record) in fields {
                    let mut pairs = vec![("name".to_owned(), name.clone())];
                    flatten("", key, record, 0, &mut pairs);
                    add_record(groups, key, depth, pairs);
                }
            }
            for (key, value) in fields {
                collect(key, value, depth + 1, groups);
            }
        }
        _ => {}
    }
}

/// The values of a record by their keys, those of a record inside with a dot.
fn flatten(
    above: &str,
    list: &str,
    value: &Value,
    depth: usize,
    pairs: &mut Vec<(String, String)>,
) {
    let Value::Object(fields) = value else { return };
    for (key, value) in fields {
        let key = if above.is_empty() {
            key.clone()
        } else {
            format!("{above}.{key}")
        };
        match value {
            Value::String(text) => pairs.push((key, text.clone())),
            Value::Bool(_) | Value::Number(_) => pairs.push((key, value.to_string())),
            Value::Object(_) if depth < MOST_NESTED => flatten(&key, list, value, depth + 1, pairs),
            Value::Array(items)
                if depth < MOST_NESTED && !key.ends_with(list) | list.is_empty() =>
            {
                for item in items.iter().take(MOST_PARTS) {
                    match item {
                        Value::String(text) => pairs.push((key.clone(), text.clone())),
                        Value::Object(_) => {
                            flatten(&format!("{key}[]"), list, item, depth + 1, pairs);
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

/// The records in an XML document: elements of one name with attributes or children that hold text.
pub(super) fn of_xml(document: &Document<'_>) -> Option<Table> {
    let root = document.root_element();
    // Royal TS has an element of its own for each kind of connection, and Guacamole may have a host without one.
    let group = |node: Node<'_, '_>| match node.tag_name().name() {
        name if name.starts_with("Royal") && name.ends_with("Connection") => {
            "connection".to_owned()
        }
        "authorize" if root.has_tag_name("user-mapping") => "connection".to_owned(),
        name => name.to_owned(),
    };
    let mut counts: BTreeMap<String, (usize, HashSet<String>)> = BTreeMap::new();
    for node in root.descendants().filter(Node::is_element) {
        let (count, headings) = counts.entry(group(node)).or_default();
        *count += 1;
        if *count <= MOST_PARTS {
            headings.extend(pairs_of(node).into_iter().map(|(heading, _)| heading));
        }
    }
    let (name, _) = counts
        .into_iter()
        .filter(|(_, (_, headings))| headings.len() > 1)
        .max_by_key(|(_, (count, headings))| {
            let headings: Vec<String> = headings.iter().cloned().collect();
            worth(&headings, *count)
        })?;
    let mut rows = Rows::new("XML");
    let mut lines = super::Lines::of(document.input_text());
    for node in root
        .descendants()
        .filter(|node| node.is_element() && group(*node) == name)
    {
        let mut pairs = pairs_of(node);
        let tag = node.tag_name().name();
        if tag.starts_with("Royal") {
            pairs.push(("ObjectType".to_owned(), tag.to_owned()));
        }
        if !pairs.is_empty() {
            rows.add(lines.at(node.range().start), pairs);
        }
    }
    Some(rows.table)
}

/// The attributes of an element, and the texts of its children by their names.
fn pairs_of(node: Node<'_, '_>) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = node
        .attributes()
        .map(|own| (own.name().to_owned(), own.value().to_owned()))
        .collect();
    add_children("", node, 0, &mut pairs);
    pairs
}

fn add_children(above: &str, node: Node<'_, '_>, depth: usize, pairs: &mut Vec<(String, String)>) {
    for child in node.children().filter(Node::is_element).take(MOST_HEADINGS) {
        // `<param name="hostname">`, and `<S N="DNSHostName">` of `Export-Clixml`.
        let named = child
            .attribute("name")
            .or_else(|| child.attribute("Name"))
            .or_else(|| child.attribute("N"));
        let has_children = child.children().any(|inner| inner.is_element());
        let key = match named.filter(|_| !has_children) {
            Some(named) => named.to_owned(),
            None => child.tag_name().name().to_owned(),
        };
        let key = if above.is_empty() {
            key
        } else {
            format!("{above}.{key}")
        };
        if !has_children {
            let text = child.text().unwrap_or_default().trim();
            if !text.is_empty() {
                pairs.push((key, text.to_owned()));
            }
        } else if depth < 2 {
            add_children(&key, child, depth + 1, pairs);
        }
    }
}
