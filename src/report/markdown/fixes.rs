//! The remedies, each once.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::kinds::{Kind, Kinds};
use crate::diagnosis::remedies::Remedy;

/// With more remedies than this, each is written in short.
const MOST_WHOLE: usize = 3;

/// In full for one host or few remedies. The texts are our own and need no escaping.
pub(super) fn write(kinds: &Kinds, hosts: usize, out: &mut dyn Write) -> io::Result<()> {
    let wanted: BTreeMap<u8, &Remedy> = kinds
        .values()
        .flat_map(Kind::remedies)
        .map(|remedy| (remedy.number(), remedy))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let whole = hosts == 1 || wanted.len() <= MOST_WHOLE;
    writeln!(out, "## What to do\n")?;
    if !whole {
        writeln!(
            out,
            "Each remedy in short. `rdpscan explain R1` has every step with its commands, checks and the way back; \
             `rdpscan fix` with this scan's file writes the scripts.\n"
        )?;
    }
    for remedy in wanted.values() {
        writeln!(
            out,
            "### {}: {}\n\n{}\n",
            remedy.key, remedy.title, remedy.purpose
        )?;
        writeln!(out, "What stops meanwhile: {}\n", remedy.interrupts)?;
        if whole {
            steps(remedy, out)?;
        } else {
            for (number, step) in (1..).zip(&remedy.steps) {
                writeln!(out, "{number}. {}", first_sentence(&step.text))?;
            }
            writeln!(out, "\nCommands: `rdpscan explain {}`\n", remedy.key)?;
        }
    }
    Ok(())
}

fn steps(remedy: &Remedy, out: &mut dyn Write) -> io::Result<()> {
    for (number, step) in (1..).zip(&remedy.steps) {
        writeln!(out, "{number}. {}\n", step.text)?;
        for command in &step.commands {
            writeln!(out, "   ```{}", command.shell.word())?;
            for line in command.text.trim_end().lines() {
                writeln!(out, "   {line}")?;
            }
            writeln!(out, "   ```\n")?;
        }
    }
    writeln!(
        out,
        "Going back, checks and warnings: `rdpscan explain {}`\n",
        remedy.key
    )
}

/// Up to the first full stop that ends a sentence: one before a capital letter, outside of code.
fn first_sentence(text: &str) -> &str {
    let ends = text.match_indices(". ").map(|(at, _)| at);
    let is_end = |at: &usize| {
        let (before, after) = text.split_at(*at);
        let next = after.get(2..).and_then(|rest| rest.chars().next());
        before.matches('`').count().is_multiple_of(2)
            && next.is_some_and(|next| next.is_uppercase() || next == '`')
    };
    let end = ends.into_iter().find(is_end);
    end.and_then(|at| text.get(..=at)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_before_the_next() {
        for (text, first) in [
            ("See it. Then act.", "See it."),
            ("Keep it, e.g. here. Then act.", "Keep it, e.g. here."),
            ("Run `a. B` now. Then act.", "Run `a. B` now."),
            ("One only", "One only"),
        ] {
            assert_eq!(first_sentence(text), first);
        }
    }
}
