//! The lines of the menus. Each line is an action with a name.

mod command_palette;

use super::action::{Action, MenuKind};
use super::copyable::Copyable;
use super::model::{ActionTarget, Menu, Model};
use super::program::Program;
use crate::diagnosis::handbook::handbook;
use crate::table::{Field, Grouping};

/// Keys of every menu, which no line can have.
const RESERVED_LETTERS: &str = "jkhqS? ";

/// A line of a menu.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    /// Picks the line.
    pub(super) letter: Option<char>,
    pub(super) label: String,
    /// Right of the label: a key, an order, a value.
    pub(super) note: String,
    /// It is in force.
    pub(super) ticked: bool,
    pub(super) action: Action,
}

impl Item {
    pub(super) fn new(label: impl Into<String>, action: Action) -> Self {
        Self {
            letter: None,
            label: label.into(),
            note: String::new(),
            ticked: false,
            action,
        }
    }
}

/// The title of a menu, with the hosts that its actions are for.
pub(super) fn title(model: &Model, menu: &Menu) -> String {
    let target = model.target_label(&menu.target);
    match menu.kind {
        MenuKind::Sort => "Sort by".to_owned(),
        MenuKind::Columns => "Columns".to_owned(),
        MenuKind::Groups => "Group by".to_owned(),
        MenuKind::Export if menu.target.marked || model.on_host_page() => {
            format!("Export as: {target}")
        }
        MenuKind::Export => "Export as".to_owned(),
        MenuKind::Copy => format!("Copy: {target}"),
        MenuKind::Saved => "Saved filters and columns".to_owned(),
        MenuKind::Handbook => format!("Handbook: {target}"),
        MenuKind::Acknowledge => format!("Acknowledge: {target}"),
        MenuKind::Programs => format!("Run: {target}"),
        MenuKind::Commands => "All actions".to_owned(),
    }
}

pub(super) fn items(model: &Model, menu: &Menu) -> Vec<Item> {
    match menu.kind {
        MenuKind::Sort => sort(model),
        MenuKind::Columns => shown_columns(model),
        MenuKind::Groups => groups(model),
        MenuKind::Export => exports(model),
        MenuKind::Copy => copies(&menu.target),
        MenuKind::Saved => saved(model),
        MenuKind::Handbook => entries(model, &menu.target),
        MenuKind::Acknowledge => findings(model, &menu.target),
        MenuKind::Programs => programs(model, &menu.target),
        MenuKind::Commands => command_palette::search(model, &menu.target, menu.input.value()),
    }
}

fn sort(model: &Model) -> Vec<Item> {
    let current = model.table.query.sort;
    let item = |column: Field| {
        let ticked = current.column == column;
        let order = if ticked {
            model.theme.order(current.inverted)
        } else {
            " "
        };
        Item {
            letter: column.spec().letter,
            note: format!("{order} {}", column.meaning()),
            ticked,
            ..Item::new(column.key(), Action::SortBy(column))
        }
    };
    Field::of_rows().map(item).collect()
}

/// Columns shown in their order, then the others.
fn shown_columns(model: &Model) -> Vec<Item> {
    let columns = &model.table.columns;
    let item = |column: Field| Item {
        note: columns.width(column).map_or_else(
            || column.meaning().to_owned(),
            |width| format!("{width} cells, {}", column.meaning()),
        ),
        ticked: columns.contains(column),
        ..Item::new(column.key(), Action::ColumnToggle)
    };
    columns.all_in_order().map(item).collect()
}

fn groups(model: &Model) -> Vec<Item> {
    let item = |(letter, label, grouping)| Item {
        letter: Some(letter),
        ticked: model.table.query.grouping == grouping,
        ..Item::new(label, Action::GroupBy(grouping))
    };
    let groupings = Grouping::ALL.map(|one| (one.letter(), one.word(), Some(one)));
    let nothing = std::iter::once(('n', "nothing", None));
    nothing.chain(groupings).map(item).collect()
}

/// Filters and columns under their names.
fn saved(model: &Model) -> Vec<Item> {
    let filters = model.saved.filters.iter().enumerate();
    let filters = filters.map(|(index, (name, text))| Item {
        note: format!("filter {text}"),
        ticked: model.table.filter_text == *text,
        ..Item::new(name, Action::SavedFilter(index))
    });
    let columns = model.saved.columns.iter().enumerate();
    let columns = columns.map(|(index, (name, columns))| Item {
        note: format!("columns {columns}"),
        ticked: model.table.columns == *columns,
        ..Item::new(name, Action::Preset(index))
    });
    let numbered = filters
        .chain(columns)
        .zip(('1'..='9').map(Some).chain(std::iter::repeat(None)));
    numbered
        .map(|(item, letter)| Item { letter, ..item })
        .collect()
}

fn exports(model: &Model) -> Vec<Item> {
    let mut taken = RESERVED_LETTERS.to_owned();
    let formats = model.capabilities.formats.iter();
    formats
        .enumerate()
        .map(|(index, format)| {
            // The first letter of its own that no line above has.
            let letter = format
                .word
                .chars()
                .chain('a'..='z')
                .find(|letter| letter.is_ascii_alphabetic() && !taken.contains(*letter));
            taken.extend(letter);
            Item {
                letter,
                note: format.says.to_owned(),
                ..Item::new(format.word, Action::Export(index))
            }
        })
        .collect()
}

fn copies(target: &ActionTarget) -> Vec<Item> {
    let item = |entry: &Copyable| Item {
        letter: Some(entry.letter),
        note: first_line(&entry.text),
        ..Item::new(entry.what, Action::Copy(entry.letter))
    };
    target.copies.iter().map(item).collect()
}

/// The programs, unless no host or several are selected.
fn programs(model: &Model, target: &ActionTarget) -> Vec<Item> {
    let item = |(place, program): (usize, &Program)| Item {
        letter: program
            .letter()
            .filter(|letter| !RESERVED_LETTERS.contains(*letter)),
        note: program.to_string(),
        ..Item::new(&*program.name, Action::Run(place))
    };
    let shown = target.hosts.len() == 1;
    let programs = model.programs.iter().filter(|_| shown);
    programs.enumerate().map(item).collect()
}

/// The entries about a host: the error, the findings and their remedies, each once.
fn entries(model: &Model, target: &ActionTarget) -> Vec<Item> {
    let Some(host) = target.hosts.first().and_then(|id| model.fleet.host(*id)) else {
        return Vec::new();
    };
    let diagnosis = &host.diagnosis;
    let mut keys: Vec<&str> = diagnosis.predicted.iter().map(|error| error.code).collect();
    keys.extend(diagnosis.findings.iter().map(|finding| finding.id));
    for remedy in diagnosis
        .findings
        .iter()
        .flat_map(|finding| finding.remedies)
    {
        if !keys.contains(remedy) {
            keys.push(remedy);
        }
    }
    let mut letters = free_letters();
    let known = keys.into_iter().filter_map(|key| handbook().entry(key));
    known
        .map(|entry| Item {
            letter: letters.next().flatten(),
            note: entry.title.clone(),
            ..Item::new(entry.key.as_str(), Action::Entry(&entry.key))
        })
        .collect()
}

/// The findings of a host, each kind once; those that are acknowledged are ticked, and picking one lets it count again.
fn findings(model: &Model, target: &ActionTarget) -> Vec<Item> {
    let [host] = *target.hosts else {
        return Vec::new();
    };
    let found = model.fleet.host(host).map(|host| &*host.diagnosis.findings);
    let mut items: Vec<Item> = Vec::new();
    let mut letters = free_letters();
    for finding in found.unwrap_or_default() {
        if items.iter().any(|item| item.label == finding.id) {
            continue;
        }
        items.push(Item {
            letter: letters.next().flatten(),
            note: match &finding.acknowledged {
                Some(known) => known.to_string(),
                None => finding.title.to_string(),
            },
            ticked: finding.acknowledged.is_some(),
            ..Item::new(finding.id, Action::Acknowledge(finding.id))
        });
    }
    items
}

fn free_letters() -> impl Iterator<Item = Option<char>> {
    let letters = ('a'..='z').filter(|letter| !RESERVED_LETTERS.contains(*letter));
    letters.map(Some).chain(std::iter::repeat(None))
}

/// The first line of a text, and how many follow.
fn first_line(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    match lines.count() {
        0 => first.to_owned(),
        1 => format!("{first}  (+1 line)"),
        more => format!("{first}  (+{more} lines)"),
    }
}
