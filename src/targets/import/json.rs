//! JSON: a document, or one on each line.

use serde_json::Value;

use super::super::error::{Refusal, excerpt};
use super::{Import, ListFile, ansible, masscan, records, values_of_list};

/// The most values: of each at least a comma is in the text.
const MOST_VALUES: usize = 4_000_000;

pub(super) fn read(file: &ListFile<'_>) -> Option<Result<Import, Refusal>> {
    let text = file.text.trim();
    let is_json = match text.strip_prefix('[') {
        // A section of an INI file, or an IPv6 address, begins with a letter or digit.
        Some(rest) => rest.trim_start().starts_with(['{', '[', '"', ']', '\'']),
        None => text.starts_with('{'),
    };
    is_json.then(|| {
        if text.bytes().filter(|byte| *byte == b',').count() > MOST_VALUES {
            return Err(Refusal::new(
                format!("it is JSON of more than {MOST_VALUES} values"),
                "export fewer fields, or split it",
            ));
        }
        let document = parse(text)?;
        of_value("JSON", &document, file)
    })
}

fn parse(text: &str) -> Result<Value, Refusal> {
    let whole = match serde_json::from_str(text) {
        Ok(document) => return Ok(document),
        Err(error) => error,
    };
    // A value on each line, which masscan also separates by commas.
    let lines = || {
        let lines = text
            .lines()
            .map(|line| line.trim().trim_matches([',', ' ']).trim());
        lines.filter(|line| !matches!(*line, "" | "[" | "]"))
    };
    let values: Option<Vec<Value>> = lines()
        .filter(|line| !line.contains("finished"))
        .map(|line| serde_json::from_str(line).ok())
        .collect();
    match values {
        Some(values) if lines().count() > 1 => Ok(Value::Array(values)),
        _ => Err(Refusal::new(
            format!(
                "it looks like JSON and is not ({})",
                excerpt(&whole.to_string())
            ),
            "export it again, or use a list with one host per line",
        )),
    }
}

/// The hosts of a document, in JSON or YAML.
pub(super) fn of_value(
    form: &'static str,
    document: &Value,
    file: &ListFile<'_>,
) -> Result<Import, Refusal> {
    if let Some(import) = masscan::of_json(document, file.ports) {
        return Ok(import);
    }
    if let Some(import) = ansible::of_value(document) {
        return import;
    }
    let is_output =
        |value: &Value| value.get("sensitive").is_some() && value.get("value").is_some();
    if let Some(fields) = document.as_object()
        && (fields.contains_key("terraform_version")
            || (!fields.is_empty() && fields.values().all(is_output)))
    {
        return Err(Refusal::new(
            "it is a state or the outputs of Terraform",
            "write the list of hosts alone: terraform output -json NAME > hosts.json",
        ));
    }
    if document.get("plugin").is_some_and(Value::is_string) {
        return Err(Refusal::new(
            "it is the configuration of an inventory plugin of Ansible",
            "use what the plugin finds: ansible-inventory -i FILE --list > hosts.json",
        ));
    }
    // `{"servers": ["srv01", "srv02"]}`.
    let mut values = document;
    while let Some((_, only)) = values
        .as_object()
        .filter(|fields| fields.len() == 1)
        .and_then(|fields| fields.iter().next())
    {
        values = only;
    }
    if let Value::Array(items) = values
        && items
            .iter()
            .all(|item| item.is_string() || item.is_number())
    {
        return Ok(values_of_list(
            form,
            items.iter().map(|item| item.as_str().unwrap_or_default()),
        ));
    }
    match records::of_value(form, document) {
        Some(table) => table.read(file.ports, file.column),
        None => Err(Refusal::new(
            format!("it is {form} without a list of records"),
            "use a list of objects with a key such as hostname or ip",
        )),
    }
}
