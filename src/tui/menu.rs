//! What the menus list: each line is an action with a name, so that one piece of code draws and obeys all of them.

use super::action::{Action, MenuKind};
use super::aim::Aim;
use super::every;
use super::model::{Menu, Model};
use crate::table::{Field, Grouping};

/// Letters that move, leave or ask for help in every menu, so that no line may have them.
const TAKEN: &str = "jkhqS? ";

/// A line of a menu.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    /// Picks the line.
    pub(super) letter: Option<char>,
    /// What it does, or is about.
    pub(super) label: String,
    /// More about it: a key, an order, a value.
    pub(super) note: String,
    /// It is in force.
    pub(super) ticked: bool,
    /// What picking it does.
    pub(super) action: Action,
}

/// The heading of a menu: what it is about, and whom its lines act on.
pub(super) fn title(model: &Model, menu: &Menu) -> String {
    let Aim { hosts, marked, .. } = &menu.aim;
    let who = model.who(hosts, *marked);
    match menu.kind {
        MenuKind::Sort => "Sort by".to_owned(),
        MenuKind::Columns => "Columns".to_owned(),
        MenuKind::Groups => "Group by".to_owned(),
        MenuKind::Export if *marked || model.on_host_page() => format!("Export as: {who}"),
        MenuKind::Export => "Export as".to_owned(),
        MenuKind::Copy => format!("Copy: {who}"),
        MenuKind::Palette => "All actions".to_owned(),
    }
}

/// The lines of a menu as things stand.
pub(super) fn items(model: &Model, menu: &Menu) -> Vec<Item> {
    match menu.kind {
        MenuKind::Sort => sort(model),
        MenuKind::Columns => shown(model),
        MenuKind::Groups => groups(model),
        MenuKind::Export => exports(model),
        MenuKind::Copy => copies(&menu.aim),
        MenuKind::Palette => every::found(model, &menu.aim, menu.input.value()),
    }
}

pub(super) fn sort(model: &Model) -> Vec<Item> {
    let current = model.list.sort;
    Field::of_rows()
        .map(|column| {
            let ticked = current.column == column;
            Item {
                letter: column.spec().letter,
                label: column.key().to_owned(),
                note: if ticked {
                    format!(
                        "{} {}",
                        model.theme.order(current.inverted),
                        column.meaning()
                    )
                } else {
                    format!("  {}", column.meaning())
                },
                ticked,
                action: Action::SortBy(column),
            }
        })
        .collect()
}

/// Shown columns in their order, then the others.
fn shown(model: &Model) -> Vec<Item> {
    let columns = &model.list.columns;
    columns
        .all_in_order()
        .map(|column| Item {
            letter: None,
            label: column.key().to_owned(),
            note: columns.width(column).map_or_else(
                || column.meaning().to_owned(),
                |width| format!("{width} cells, {}", column.meaning()),
            ),
            ticked: columns.contains(column),
            action: Action::ColumnToggle,
        })
        .collect()
}

pub(super) fn groups(model: &Model) -> Vec<Item> {
    let item = |letter, label: &str, grouping| Item {
        letter: Some(letter),
        label: label.to_owned(),
        note: String::new(),
        ticked: model.list.grouping == grouping,
        action: Action::GroupBy(grouping),
    };
    vec![
        item('n', "nothing", None),
        item('s', "subnet", Some(Grouping::Subnet)),
        item('d', "domain", Some(Grouping::Domain)),
    ]
}

pub(super) fn exports(model: &Model) -> Vec<Item> {
    let mut letters = TAKEN.to_owned();
    model
        .offers
        .formats
        .iter()
        .enumerate()
        .map(|(index, offer)| {
            // The first letter of its own that no line above has.
            let letter = offer
                .word
                .chars()
                .chain('a'..='z')
                .find(|letter| letter.is_ascii_alphabetic() && !letters.contains(*letter));
            letters.extend(letter);
            Item {
                letter,
                label: offer.word.to_owned(),
                note: offer.says.to_owned(),
                ticked: false,
                action: Action::Export(index),
            }
        })
        .collect()
}

/// A text in one line: its first, and how many follow.
fn first_line(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    match lines.count() {
        0 => first.to_owned(),
        1 => format!("{first}  (+1 line)"),
        more => format!("{first}  (+{more} lines)"),
    }
}

pub(super) fn copies(aim: &Aim) -> Vec<Item> {
    aim.copies
        .iter()
        .map(|copyable| Item {
            letter: Some(copyable.letter),
            label: copyable.what.to_owned(),
            note: first_line(&copyable.text),
            ticked: false,
            action: Action::Copy(copyable.letter),
        })
        .collect()
}
