//! Every action by name, from every screen: those of another screen are offered too, with the key that they have there.

use super::action::{Action, MenuKind};
use super::aim::Aim;
use super::keymap::{Binding, Context, Key};
use super::menu::{self, Item};
use super::model::Model;
use super::theme::Palette;
use crate::table::View;

/// The screens, whose actions these are.
const SCREENS: [Context; 3] = [Context::Table, Context::Host, Context::Overview];

/// Every action of the screens and of their menus that has all words typed in its name.
pub(super) fn found(model: &Model, aim: &Aim, typed: &str) -> Vec<Item> {
    let mut all = every(model, aim);
    let typed = typed.to_lowercase();
    all.retain(|item| {
        let label = item.label.to_lowercase();
        typed.split_whitespace().all(|word| label.contains(word))
    });
    all
}

fn every(model: &Model, aim: &Aim) -> Vec<Item> {
    let mut items = keyed(model);
    items.extend(View::ALL.into_iter().map(|view| Item {
        letter: None,
        label: format!("view: {}", view.title().to_lowercase()),
        note: key_of(model, &Action::View(view)),
        ticked: model.list.view == view,
        action: Action::View(view),
    }));
    let menus = [
        (menu::sort(model), "sort by"),
        (menu::groups(model), "group by"),
        (menu::exports(model), "export as"),
        (menu::copies(aim), "copy"),
    ];
    for (lines, verb) in menus {
        items.extend(lines.into_iter().map(|item| Item {
            letter: None,
            label: format!("{verb} {}", item.label),
            ..item
        }));
    }
    items.extend(Palette::ALL.into_iter().map(|palette| Item {
        letter: None,
        label: format!("colours: {}", palette.word()),
        note: String::new(),
        ticked: model.theme.palette == palette,
        action: Action::Palette(palette),
    }));
    items
}

/// What has a key and a name in the settings: of this screen first, then what only the others have.
fn keyed(model: &Model) -> Vec<Item> {
    let here = model.screen_context();
    let others = SCREENS.into_iter().filter(|context| *context != here);
    let mut words: Vec<&str> = Vec::new();
    let mut items = Vec::new();
    for context in std::iter::once(here).chain(others) {
        for (binding, keys) in model.keymap.of(context) {
            let Some(word) = binding.word else {
                continue;
            };
            if words.contains(&word) || !is_offered(binding, context == here) {
                continue;
            }
            words.push(word);
            let key = keys.first().copied().map(Key::label).unwrap_or_default();
            items.push(Item {
                letter: None,
                label: named(word, binding.help),
                note: elsewhere(key, context, here),
                ticked: false,
                action: binding.action.clone(),
            });
        }
    }
    items
}

/// The action's name in the settings is found too, where its sentence does not have it.
fn named(word: &str, help: &str) -> String {
    let spoken = word.replace('-', " ");
    if help.to_lowercase().contains(&spoken) {
        help.to_owned()
    } else {
        format!("{spoken}: {help}")
    }
}

/// Steps of the cursor are quicker by hand and mean something else on another screen, and views stand below by name.
const fn is_offered(binding: &Binding, here: bool) -> bool {
    match binding.action {
        Action::Move(_) | Action::MenuOpen(MenuKind::Palette) | Action::View(_) => false,
        Action::Open | Action::Back | Action::Next | Action::Previous => here,
        _ => true,
    }
}

/// The first key of an action: here, else on the first screen that has one.
fn key_of(model: &Model, action: &Action) -> String {
    let here = model.screen_context();
    std::iter::once(here)
        .chain(SCREENS)
        .find_map(|context| {
            let key = model.keymap.label(context, action);
            (!key.is_empty()).then(|| elsewhere(key, context, here))
        })
        .unwrap_or_default()
}

/// A key, with the screen that has it where that is not this one.
fn elsewhere(key: String, context: Context, here: Context) -> String {
    if context == here || key.is_empty() {
        key
    } else {
        format!("{key} ({})", context.title().to_lowercase())
    }
}
