//! Every action by name. Those of the other screens are listed too, with the keys that they have there.

use super::Item;
use crate::table::View;
use crate::tui::action::{Action, MenuKind};
use crate::tui::keymap::{Binding, Context, Key};
use crate::tui::model::{ActionTarget, Model};
use crate::tui::theme::Palette;

const SCREENS: [Context; 3] = [Context::Table, Context::Host, Context::Overview];

/// The actions whose labels contain every word typed.
pub(super) fn search(model: &Model, target: &ActionTarget, typed: &str) -> Vec<Item> {
    let mut items = bound_actions(model);
    items.extend(View::ALL.iter().map(|&view| Item {
        note: key_of(model, &Action::View(view)),
        ticked: model.table.query.view == view,
        ..Item::new(
            format!("view: {}", <&str>::from(view).to_lowercase()),
            Action::View(view),
        )
    }));
    let menus = [
        (super::sort(model), "sort by"),
        (super::groups(model), "group by"),
        (super::saved(model), "saved:"),
        (super::exports(model), "export as"),
        (super::copies(target), "copy"),
        (super::programs(model, target), "run"),
    ];
    for (lines, verb) in menus {
        items.extend(lines.into_iter().map(|item| Item {
            letter: None,
            label: format!("{verb} {}", item.label),
            ..item
        }));
    }
    items.extend(Palette::ALL.iter().map(|&palette| Item {
        ticked: model.theme.palette == palette,
        ..Item::new(
            format!("colours: {}", <&str>::from(palette)),
            Action::Palette(palette),
        )
    }));
    let typed = typed.to_lowercase();
    items.retain(|item| {
        let label = item.label.to_lowercase();
        typed.split_whitespace().all(|word| label.contains(word))
    });
    items
}

/// Actions that have a key and a name in the settings: those of this screen, then those that only the others have.
fn bound_actions(model: &Model) -> Vec<Item> {
    let here = model.screen_context();
    let others = SCREENS.into_iter().filter(|context| *context != here);
    let mut words: Vec<&str> = Vec::new();
    let mut items = Vec::new();
    for context in std::iter::once(here).chain(others) {
        for (binding, keys) in model.keymap.of(context) {
            let Some(word) = binding.word else {
                continue;
            };
            if words.contains(&word) || !is_listed(binding, context == here) {
                continue;
            }
            words.push(word);
            let key = keys.first().copied().map(Key::label).unwrap_or_default();
            items.push(Item {
                note: with_screen(key, context, here),
                ..Item::new(label(word, binding.help), binding.action.clone())
            });
        }
    }
    items
}

/// The help text; with the name from the settings where the text lacks it, so that a search finds either.
fn label(word: &str, help: &str) -> String {
    let spoken = word.replace('-', " ");
    if help.to_lowercase().contains(&spoken) {
        help.to_owned()
    } else {
        format!("{spoken}: {help}")
    }
}

/// Steps of the cursor are quicker by hand and differ from screen to screen; views have lines of their own.
const fn is_listed(binding: &Binding, here: bool) -> bool {
    match binding.action {
        Action::Move(_) | Action::MenuOpen(MenuKind::Commands) | Action::View(_) => false,
        Action::Open | Action::Back | Action::Next | Action::Previous => here,
        _ => true,
    }
}

/// The key of an action on this screen, else on the first that has one.
fn key_of(model: &Model, action: &Action) -> String {
    let here = model.screen_context();
    let mut screens = std::iter::once(here).chain(SCREENS);
    let found = screens.find_map(|context| {
        let key = model.keymap.label(context, action);
        (!key.is_empty()).then(|| with_screen(key, context, here))
    });
    found.unwrap_or_default()
}

/// A key, with the name of its screen where that is another.
fn with_screen(key: String, context: Context, here: Context) -> String {
    if context == here || key.is_empty() {
        key
    } else {
        format!("{key} ({})", context.title().to_lowercase())
    }
}
