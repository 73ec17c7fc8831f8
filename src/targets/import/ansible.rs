//! Inventories of Ansible: INI, YAML, and the JSON of `ansible-inventory --list`.
//!
//! `ansible_host` is the address of a host. Its port is the one of WinRM or SSH, and none of Remote Desktop.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::super::error::Refusal;
use super::{HEAD_LINES, Import, ListFile, MOST_DEEP, OTHER_PROTOCOLS, ini};

/// The variables that are read.
const HOST: &str = "ansible_host";
const CONNECTION: &str = "ansible_connection";
const PORT: &str = "ansible_port";
const SHELL: &str = "ansible_shell_type";
const VARIABLES: [&str; 4] = [HOST, CONNECTION, PORT, SHELL];
/// The most hosts of a pattern such as `srv[01:50]`.
const MOST_OF_PATTERN: u32 = 65_536;
/// The longest pattern, in bytes.
const LONGEST_PATTERN: usize = 512;
/// The most hosts of an inventory.
const MOST_HOSTS: usize = 1_000_000;

type Variables = HashMap<&'static str, String>;

#[derive(Default)]
struct Inventory {
    /// Each host with its line, its own variables and its groups.
    hosts: Vec<(String, usize, Variables, Vec<String>)>,
    seen: HashMap<String, usize>,
    /// The variables of groups, and the groups above them.
    groups: HashMap<String, (Variables, Vec<String>)>,
}

/// An inventory in INI, also without a section when it has a variable of Ansible.
pub(super) fn ini(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let is_of_ansible = ini::has_section(file.text)
        || file
            .text
            .lines()
            .take(HEAD_LINES)
            .any(|line| line.contains(" ansible_") && line.contains('='));
    if !is_of_ansible {
        return None;
    }
    let mut inventory = Inventory::default();
    for entry in ini::lines(file.text) {
        let (group, kind) = entry
            .section
            .split_once(':')
            .unwrap_or((entry.section, "hosts"));
        match kind {
            "vars" => {
                if let Some((key, value)) = entry.text.split_once('=') {
                    set(
                        &mut inventory.groups.entry(group.to_owned()).or_default().0,
                        key.trim(),
                        value,
                    );
                }
            }
            "children" => {
                let child = entry.text.split_whitespace().next().unwrap_or_default();
                let above = &mut inventory.groups.entry(child.to_owned()).or_default().1;
                above.push(group.to_owned());
            }
            "hosts" => {
                let mut words = words(entry.text).into_iter();
                let Some(mut pattern) = words.next() else {
                    continue;
                };
                if pattern.contains('=') {
                    return Some(Err(Refusal::new(
                        format!(
                            "it is a file of settings (INI) and no inventory of Ansible (line {})",
                            entry.line
                        ),
                        "use a list with one host per line",
                    )));
                }
                let mut own = Variables::new();
                // `srv05:5986` is the port of the connection.
                if let Some((host, port)) = pattern.rsplit_once(':')
                    && (!host.contains(':') || host.ends_with(']'))
                    && port.parse::<u16>().is_ok()
                {
                    own.insert(PORT, port.to_owned());
                    pattern = host.to_owned();
                }
                for word in words {
                    if let Some((key, value)) = word.split_once('=') {
                        set(&mut own, key, value);
                    }
                }
                for name in expand(&pattern) {
                    inventory.add(&name, entry.line, &own, group);
                }
            }
            _ => {}
        }
    }
    Some(Ok(inventory.import("Ansible inventory (INI)")))
}

/// The words of a line; blanks in quotes belong to a word.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in line.chars() {
        match quote {
            Some(open) if open == letter => quote = None,
            None if matches!(letter, '"' | '\'') => quote = Some(letter),
            None if letter == '#' && words.last().is_some_and(String::is_empty) => break,
            None if letter.is_whitespace() => words.push(String::new()),
            _ => {
                if let Some(word) = words.last_mut() {
                    word.push(letter);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn set(variables: &mut Variables, key: &str, value: &str) {
    // The names of before Ansible 2.
    let key = key.replace("ansible_ssh_", "ansible_");
    if let Some(known) = VARIABLES.into_iter().find(|known| *known == key) {
        variables.insert(known, value.trim().trim_matches(['"', '\'']).to_owned());
    }
}

/// An inventory in YAML or JSON; `None` when it is another document.
pub(super) fn of_value(document: &Value) -> Option<Result<Import, Refusal>> {
    let groups = document.as_object()?;
    let mut inventory = Inventory::default();
    if let Some(hosts) = document
        .pointer("/_meta/hostvars")
        .and_then(Value::as_object)
    {
        for (name, group) in groups {
            let of = |key: &str| {
                group
                    .get(key)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
            };
            let empty = Map::new();
            for host in of("hosts") {
                let own = hosts.get(host).and_then(Value::as_object).unwrap_or(&empty);
                inventory.add(host, 0, &variables(own), name);
            }
        }
        return Some(Ok(inventory.import("Ansible inventory (JSON)")));
    }
    let is_group = |group: &Value| {
        group.as_object().is_some_and(|group| {
            group.iter().all(|(key, value)| {
                matches!(key.as_str(), "hosts" | "children" | "vars")
                    && (value.is_object() || value.is_null())
            })
        })
    };
    let is_filled = |group: &Value| group.as_object().is_some_and(|group| !group.is_empty());
    if !groups
        .values()
        .all(|group| group.is_null() || is_group(group))
        || !groups.values().any(is_filled)
    {
        return None;
    }
    for (name, group) in groups {
        inventory.add_group(name, group, None, 0);
    }
    Some(Ok(inventory.import("Ansible inventory (YAML)")))
}

fn variables(fields: &Map<String, Value>) -> Variables {
    let mut variables = Variables::new();
    for (key, value) in fields {
        match value {
            Value::String(text) => set(&mut variables, key, text),
            Value::Number(number) => set(&mut variables, key, &number.to_string()),
            _ => {}
        }
    }
    variables
}

/// The names of a pattern: `srv[01:50].corp.example`, `db-[a:f]`, and a step behind a second colon.
fn expand(pattern: &str) -> Vec<String> {
    let parts = pattern.split_once('[').and_then(|(before, rest)| {
        let (range, behind) = rest.split_once(']')?;
        let mut limits = range.split(':');
        let (first, last) = (limits.next()?, limits.next()?);
        let step: u32 = limits
            .next()
            .unwrap_or("1")
            .parse()
            .ok()
            .filter(|step| *step > 0)?;
        Some((before, behind, first, last, step))
    });
    let Some((before, behind, first, last, step)) =
        parts.filter(|_| pattern.len() <= LONGEST_PATTERN)
    else {
        return vec![pattern.to_owned()];
    };
    let numbers = |first: u32, last: u32| {
        (first..=last)
            .step_by(step as usize)
            .take(MOST_OF_PATTERN as usize)
    };
    let middles: Vec<String> = match (first.parse::<u32>(), last.parse::<u32>()) {
        (Ok(from), Ok(to)) => numbers(from, to)
            .map(|number| format!("{number:0width$}", width = first.len().min(9)))
            .collect(),
        _ => match (first.chars().next(), last.chars().next()) {
            (Some(from), Some(to)) if first.len() == 1 && last.len() == 1 => {
                numbers(from.into(), to.into())
                    .filter_map(char::from_u32)
                    .map(String::from)
                    .collect()
            }
            _ => return vec![pattern.to_owned()],
        },
    };
    let mut names = Vec::new();
    for middle in middles {
        for behind in expand(behind) {
            if names.len() >= MOST_OF_PATTERN as usize {
                return names;
            }
            names.push(format!("{before}{middle}{behind}"));
        }
    }
    names
}

impl Inventory {
    fn add(&mut self, name: &str, line: usize, own: &Variables, group: &str) {
        let next = self.hosts.len();
        if next >= MOST_HOSTS {
            return;
        }
        let at = *self.seen.entry(name.to_owned()).or_insert(next);
        if at == next {
            self.hosts
                .push((name.to_owned(), line, Variables::new(), Vec::new()));
        }
        if let Some((_, _, variables, groups)) = self.hosts.get_mut(at) {
            variables.extend(own.iter().map(|(key, value)| (*key, value.clone())));
            groups.push(group.to_owned());
        }
    }

    fn add_group(&mut self, name: &str, group: &Value, above: Option<&str>, depth: usize) {
        let own = self.groups.entry(name.to_owned()).or_default();
        own.1.extend(above.map(str::to_owned));
        let part = |key: &str| {
            group
                .get(key)
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
        };
        if let Some(fields) = group.get("vars").and_then(Value::as_object) {
            own.0.extend(variables(fields));
        }
        for (pattern, fields) in part("hosts") {
            let own = fields.as_object().map(variables).unwrap_or_default();
            for host in expand(pattern) {
                self.add(&host, 0, &own, name);
            }
        }
        if depth < MOST_DEEP {
            for (child, group) in part("children") {
                self.add_group(child, group, Some(name), depth + 1);
            }
        }
    }

    /// The variables of a group, with those of the groups above where it has none.
    fn in_force(&self, group: &str) -> Variables {
        let mut found = Variables::new();
        let mut seen = HashSet::new();
        let mut level = vec![group];
        for _ in 0..MOST_DEEP {
            let mut above = Vec::new();
            for name in level {
                if let Some((own, parents)) = self.groups.get(name).filter(|_| seen.insert(name)) {
                    for (key, value) in own {
                        found.entry(key).or_insert_with(|| value.clone());
                    }
                    above.extend(parents.iter().map(String::as_str));
                }
            }
            level = above;
        }
        found
    }

    fn import(self, format: &str) -> Import {
        let mut import = Import::of(format);
        let mut of_groups: HashMap<&str, Variables> = HashMap::new();
        for (_, _, _, groups) in &self.hosts {
            for group in groups.iter().map(String::as_str).chain(["all"]) {
                of_groups
                    .entry(group)
                    .or_insert_with(|| self.in_force(group));
            }
        }
        let find = |own: &Variables, groups: &[String], key: &str| -> Option<String> {
            let groups = groups.iter().map(String::as_str).chain(["all"]);
            let mut of_groups = groups.filter_map(|group| of_groups.get(group)?.get(key));
            own.get(key).or_else(|| of_groups.next()).cloned()
        };
        let connections: Vec<Option<bool>> = self
            .hosts
            .iter()
            .map(|(_, _, own, groups)| is_of_windows(|key| find(own, groups, key)))
            .collect();
        // Without a word for it, Ansible connects by SSH: where others have WinRM, the host is no Windows.
        let names_windows = connections.contains(&Some(true));
        for ((name, line, own, groups), connection) in self.hosts.iter().zip(connections) {
            if !connection.unwrap_or(!names_windows) {
                import.skip(OTHER_PROTOCOLS, name);
                continue;
            }
            let host = find(own, groups, HOST).map(|host| {
                let short = name.split('.').next().unwrap_or_default();
                ["{{ inventory_hostname }}", "{{inventory_hostname}}"]
                    .iter()
                    .fold(host, |host, variable| host.replace(variable, name))
                    .replace("{{ inventory_hostname_short }}", short)
            });
            let host = host.filter(|host| !host.contains("{{") && !host.is_empty());
            import.add(host.as_ref().unwrap_or(name), None, *line, None);
        }
        import
    }
}

/// Whether the host is reached like Windows; `None` when nothing says so.
fn is_of_windows(find: impl Fn(&str) -> Option<String>) -> Option<bool> {
    let connection = find(CONNECTION).map(|connection| {
        let plain = connection.rsplit('.').next().unwrap_or_default();
        plain.to_ascii_lowercase()
    });
    let has_shell =
        || find(SHELL).is_some_and(|shell| matches!(shell.as_str(), "cmd" | "powershell"));
    match connection.as_deref() {
        Some("winrm" | "psrp") => Some(true),
        Some("ssh" | "paramiko" | "paramiko_ssh" | "smart") => Some(has_shell()),
        Some(_) => Some(false),
        None => match find(PORT).as_deref() {
            Some("5985" | "5986") => Some(true),
            Some("22") => Some(has_shell()),
            _ => has_shell().then_some(true),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_expanded_like_ansible_does() {
        assert_eq!(expand("srv[08:10].x"), ["srv08.x", "srv09.x", "srv10.x"]);
        assert_eq!(expand("db-[a:c]"), ["db-a", "db-b", "db-c"]);
        assert_eq!(expand("s[1:5:2]"), ["s1", "s3", "s5"]);
        assert_eq!(expand("a[1:2]b[1:2]"), ["a1b1", "a1b2", "a2b1", "a2b2"]);
        assert_eq!(expand("srv"), ["srv"]);
        assert_eq!(expand("[2001:db8::5]"), ["[2001:db8::5]"]);
        assert_eq!(expand("a[0:999999999]b[0:999999999]").len(), 65_536);
    }
}
