//! The manual pages: one for `rdpscan` and one for each command, from the definition of the command line.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use clap::{Arg, ArgAction, Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli::Cli;
use crate::cli::after_help;
use crate::exit::ExitStatus;
use crate::sanitize;

use super::sink;

struct Page {
    /// Such as `rdpscan-fix`, without the section.
    name: String,
    roff: String,
}

/// Prints the first page, or writes all of them into a folder.
pub(super) fn run(folder: Option<&Path>) -> Result<ExitStatus> {
    let pages = pages()?;
    let Some(folder) = folder else {
        if let Some(first) = pages.first() {
            sink::print(&first.roff)?;
        }
        return Ok(ExitStatus::Done);
    };
    for page in &pages {
        let path = folder.join(format!("{}.1", page.name));
        std::fs::write(&path, &page.roff).with_context(|| {
            let folder = sanitize::path(folder);
            format!("cannot write manual pages into `{folder}`; make the folder, or name another")
        })?;
    }
    Ok(ExitStatus::Done)
}

/// Every page, that of `rdpscan` first.
fn pages() -> Result<Vec<Page>> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let shown = root
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let commands: Vec<Command> = std::iter::once(&root).chain(shown).cloned().collect();
    let names: Vec<String> = commands.iter().map(name).collect();
    commands
        .iter()
        .map(|command| page(command, &names))
        .collect()
}

fn name(command: &Command) -> String {
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name());
    name.to_owned()
}

fn page(command: &Command, all: &[String]) -> Result<Page> {
    let mut text = Vec::new();
    let source = format!("rdpscan {}", env!("CARGO_PKG_VERSION"));
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").to_owned();
    let shown = command.clone().override_usage(usage);
    // The generator lists arguments among the options, and has no examples.
    let shown = shown.subcommand_help_heading("COMMANDS");
    let shown = shown.mut_args(|argument| {
        let is_positional = argument.is_positional();
        argument.hide(is_positional)
    });
    let man = Man::new(shown).source(source).manual("rdpscan");
    man.render_title(&mut text)?;
    // No hyphenation inside commands and names of settings, and no justified lines.
    writeln!(text, ".nh\n.ad l")?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    let positionals: Vec<&Arg> = command.get_positionals().collect();
    if !positionals.is_empty() {
        section(&mut text, |roff| arguments(roff, &positionals))?;
    }
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    section(&mut text, |roff| {
        for section in after_help::of(command.get_name()) {
            roff.control("SH", [section.title.to_uppercase().as_str()]);
            for (term, meaning) in section.items {
                if let Some(term) = term {
                    item(roff, [bold(term)], meaning);
                } else {
                    roff.control("PP", []);
                    roff.text([roman(meaning)]);
                }
            }
        }
        see_also(roff, &name(command), all);
    })?;
    Ok(Page {
        name: name(command),
        roff: String::from_utf8_lossy(&text).into_owned(),
    })
}

fn section(text: &mut Vec<u8>, fill: impl FnOnce(&mut Roff)) -> Result<()> {
    let mut roff = Roff::new();
    fill(&mut roff);
    roff.to_writer(text)?;
    Ok(())
}

fn arguments(roff: &mut Roff, positionals: &[&Arg]) {
    roff.control("SH", ["ARGUMENTS"]);
    for argument in positionals {
        let names = argument.get_value_names().unwrap_or_default();
        let mut heading: Vec<Inline> = names.iter().map(|name| italic(name.as_str())).collect();
        if matches!(argument.get_action(), ArgAction::Append) {
            heading.push(roman(" ..."));
        }
        let help = argument.get_long_help().or_else(|| argument.get_help());
        item(
            roff,
            heading,
            &help.map(ToString::to_string).unwrap_or_default(),
        );
        for value in argument
            .get_possible_values()
            .iter()
            .filter(|value| !value.is_hide_set())
        {
            roff.control("RS", []);
            item(
                roff,
                [bold(value.get_name())],
                &value
                    .get_help()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            );
            roff.control("RE", []);
        }
    }
}

fn see_also(roff: &mut Roff, own: &str, all: &[String]) {
    roff.control("SH", ["SEE ALSO"]);
    let mut line = Vec::new();
    for other in all.iter().filter(|other| *other != own) {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.push(bold(other.as_str()));
        line.push(roman("(1)"));
    }
    roff.text(line);
}

/// A heading with an indented text.
fn item(roff: &mut Roff, heading: impl IntoIterator<Item = Inline>, text: &str) {
    roff.control("TP", []);
    roff.text(heading.into_iter().collect::<Vec<_>>());
    roff.text([roman(text)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(name: &str) -> String {
        let pages = pages().unwrap();
        pages
            .into_iter()
            .find(|page| page.name == name)
            .unwrap()
            .roff
    }

    /// As `roff` escapes it in bold.
    fn in_bold(text: &str) -> String {
        format!("\\fB{}\\fR", text.replace('\\', "\\\\").replace('-', "\\-"))
    }

    #[test]
    fn every_command_that_is_not_hidden_has_a_page() {
        let names: Vec<String> = pages().unwrap().into_iter().map(|page| page.name).collect();
        let mut expected = vec!["rdpscan".to_owned()];
        let root = Cli::command();
        let shown = root
            .get_subcommands()
            .filter(|command| !command.is_hide_set());
        expected.extend(shown.map(|command| format!("rdpscan-{}", command.get_name())));
        assert_eq!(names, expected);
        assert!(names.len() >= 7);
    }

    #[test]
    fn each_example_and_exit_status_is_an_item_of_its_own() {
        let mut seen = 0;
        for page in pages().unwrap() {
            let command = page.name.strip_prefix("rdpscan-").unwrap_or("rdpscan");
            for section in after_help::of(command) {
                let title = section.title.to_uppercase();
                assert!(
                    page.roff.contains(&format!("\n.SH \"{title}\"\n"))
                        || page.roff.contains(&format!("\n.SH {title}\n"))
                );
                for (term, meaning) in section.items {
                    let Some(term) = term else { continue };
                    let item = format!("\n.TP\n{}\n", in_bold(term));
                    assert!(
                        page.roff.contains(&item),
                        "{}: {term}\n{}",
                        page.name,
                        page.roff
                    );
                    assert!(term.len() <= 71, "{term} is cut or broken at 80 columns");
                    assert!(!meaning.is_empty());
                    seen += 1;
                }
            }
            assert!(!page.roff.contains("EXTRA"), "{}", page.name);
        }
        assert!(seen > 20);
    }

    #[test]
    fn arguments_are_no_options_and_say_that_they_repeat() {
        let page = page_of("rdpscan");
        let arguments = page.split(".SH ARGUMENTS").nth(1).unwrap();
        assert!(
            arguments.starts_with("\n.TP\n\\fITARGET\\fR ...\n"),
            "{arguments}"
        );
        assert!(page.contains("\\fBrdpscan\\fR [OPTIONS] TARGET..."));
        assert!(page_of("rdpscan-completions").contains("\\fBpowershell\\fR"));
    }
}
