//! The options of the screen from settings and saved state, and what is left to do when it is closed.

use anyhow::Result;

use crate::fleet::Fleet;
use crate::platform;
use crate::settings::Settings;
use crate::tui::keymap::Keymap;
use crate::tui::{self, OnExit, Palette};

use super::exporter::CurrentFolder;
use super::stderr;
use super::ui_state::UiState;

/// What the settings say, else the state saved by the last screen. `NO_COLOR` (no-color.org) wins over both.
pub(super) fn options(settings: &Settings, on_exit: OnExit) -> Result<tui::Options> {
    let state = UiState::load();
    let mut options = tui::Options::new(Box::new(CurrentFolder {
        output: settings.output.clone(),
    }));
    options.filter.clone_from(&settings.output.filter);
    let output = &settings.output;
    options.columns = output
        .columns
        .clone()
        .or_else(|| state.columns())
        .unwrap_or_default();
    options.sort = output.sort.or_else(|| state.sort()).unwrap_or_default();
    options.mouse = settings.screen.mouse;
    options.on_exit = on_exit;
    options.keymap = Keymap::rebound(&settings.screen.keys)?;
    options.programs = tui::Program::all(&settings.screen.programs, &options.keymap);
    let keys = options.programs.iter().map(|program| program.key);
    options.keymap = options.keymap.with_programs(keys.collect())?;
    options.filters.clone_from(&state.filters);
    options.saved = tui::Saved {
        filters: settings.screen.filters.clone(),
        columns: settings.screen.presets.clone(),
    };
    let ascii = settings.screen.ascii;
    options.theme.ascii = ascii.unwrap_or_else(|| !platform::locale_has_unicode());
    options.theme.palette = match settings.screen.theme {
        _ if without_colours() => Palette::Mono,
        Some(palette) => palette,
        None => state.palette().or_else(background).unwrap_or_else(|| {
            options.ask_background = true;
            Palette::default()
        }),
    };
    Ok(options)
}

fn without_colours() -> bool {
    let is_set = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    is_set || std::env::var("TERM").is_ok_and(|term| !Palette::has_colours(&term))
}

/// The palette for the background that the terminal names.
fn background() -> Option<Palette> {
    Palette::for_background(&std::env::var("COLORFGBG").ok()?)
}

/// Whether the terminal cannot move the cursor.
pub(super) fn is_dumb_terminal() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Saves the state for the next screen, and prints the paths of written files. Returns the fleet as the screen left it.
pub(super) fn close(left: tui::TuiOutcome, settings: &Settings) -> Fleet {
    let state = UiState::load();
    // `NO_COLOR` holds for this terminal, and so does what the terminal says of its background.
    let palette = left.palette.filter(|_| !without_colours());
    let palette = palette.or_else(|| state.palette());
    let output = &settings.output;
    let columns = chosen(left.columns, output.columns.clone(), state.columns());
    let sort = chosen(left.sort, output.sort, state.sort());
    UiState::new(&columns, sort, palette, left.filters).save();
    if !settings.output.quiet {
        for path in &left.written {
            stderr::print_written(path);
        }
    }
    left.fleet
}

/// The value to save: the last one on the screen, but not one that a setting or flag gave and the user did not change.
fn chosen<T: PartialEq + Default>(last: T, given: Option<T>, saved: Option<T>) -> T {
    if given.is_some_and(|given| given == last) {
        saved.unwrap_or_default()
    } else {
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_flag_gave_is_not_saved() {
        assert_eq!(chosen("given", Some("given"), Some("saved")), "saved");
        assert_eq!(chosen("given", Some("given"), None), "");
        // Changed on the screen.
        assert_eq!(chosen("new", Some("given"), Some("saved")), "new");
        assert_eq!(chosen("new", None, Some("saved")), "new");
    }
}
