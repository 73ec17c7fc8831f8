//! One HTML file for a whole scan: no remote asset, complete without its script.
//!
//! The templates stand beside this file. Every value that they print goes through [`sanitize::html`], whatever its source: no
//! template marks a value as safe, except the style sheet and the script, which are this program's own. The page's policy
//! lets no other style or script run and nothing be fetched.
//!
//! A host's details stand in a `noscript` element: with scripting switched off they are part of the page; with it, the
//! browser keeps them as one piece of text until the host is opened or printed, so that thousands of hosts stay light.

mod charts;
mod details;
mod facts;
mod overview;
mod remedy;
#[cfg(test)]
mod tests;
mod waterfall;

use std::borrow::Cow;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use super::sheet::Sheet;
use crate::diagnosis::Policy;
use crate::model::Severity;
use crate::sanitize;
use overview::Overview;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The parts of the page, in order; `row` and `host` are repeated.
const TEMPLATES: [(&str, &str); 5] = [
    ("top.html", include_str!("top.html")),
    ("row.html", include_str!("row.html")),
    ("between.html", include_str!("between.html")),
    ("host.html", include_str!("host.html")),
    ("bottom.html", include_str!("bottom.html")),
];

/// What the first part of the page is made of.
#[derive(Serialize)]
struct Top<'a> {
    /// Of a `meta` element: no white space at its ends.
    policy: String,
    style: Value,
    script: Value,
    overview: &'a Overview,
}

/// Writes the page, host by host.
pub(super) fn write(sheet: &Sheet<'_>, policy: &Policy, out: &mut dyn Write) -> io::Result<()> {
    let sources = TEMPLATES.map(|(name, text)| (name, flat(text)));
    let pages = environment(&sources).map_err(io::Error::other)?;
    let mut put = |name: &str, values: Value| -> io::Result<()> {
        let text = pages
            .get_template(name)
            .and_then(|template| template.render(values));
        out.write_all(text.map_err(io::Error::other)?.as_bytes())
    };
    let (style, script) = (lines(STYLE), lines(SCRIPT));
    let overview = Overview::new(sheet, policy);
    let top = Top {
        policy: content_policy(&style, &script),
        style: Value::from_safe_string(style),
        script: Value::from_safe_string(script),
        overview: &overview,
    };
    put("top.html", Value::from(Serde(&top)))?;
    let ranks = overview::address_ranks(sheet);
    for (index, ((host, name), rank)) in sheet.rows.iter().zip(ranks).enumerate() {
        let row = overview::Row::new(index + 1, host, *name, rank);
        put("row.html", Value::from(Serde(&row)))?;
    }
    put("between.html", Value::from(Serde(&overview)))?;
    for (index, row) in sheet.rows().enumerate() {
        let host = details::Host::new(index + 1, &row, sheet.times.map(|(_, newest)| newest));
        put("host.html", Value::from(Serde(&host)))?;
    }
    put(
        "bottom.html",
        Value::from(Serde(&remedy::Chapter::new(sheet))),
    )
}

fn environment<'s>(sources: &'s [(&'s str, String)]) -> Result<Environment<'s>, Error> {
    let mut pages = Environment::new();
    pages.set_undefined_behavior(UndefinedBehavior::Strict);
    pages.set_syntax(SyntaxConfig::builder().trim_blocks(true).build()?);
    pages.set_auto_escape_callback(|_| AutoEscape::Html);
    pages.set_formatter(print);
    for (name, source) in sources {
        pages.add_template(name, source)?;
    }
    Ok(pages)
}

/// The one place where a value becomes part of the page.
fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() => Ok(out.write_str(&sanitize::html(text))?),
        _ => minijinja::escape_formatter(out, state, value),
    }
}

/// A template without its indentation, which would be written thousands of times.
fn flat(template: &str) -> String {
    let mut flat = String::with_capacity(template.len());
    for line in template.lines() {
        flat.push_str(line.trim_start());
        flat.push('\n');
    }
    flat
}

/// The text with the line ends that a browser hashes.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// Nothing from anywhere, and of styles and scripts only these two.
fn content_policy(style: &str, script: &str) -> String {
    let hash = |text: &str| BASE64.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    )
}

/// One line of prose from the network, an operating system or a rule.
fn prose(text: &str) -> String {
    sanitize::single_line(text).into_owned()
}

/// The class that gives a severity its glyph and colour.
const fn severity(severity: Severity) -> &'static str {
    severity.word()
}

/// Milliseconds as people read them.
fn millis(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 10_000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1000.0)
    }
}

/// A piece of a catalogue text: words, or code between backticks.
#[derive(Debug, Serialize)]
struct Piece<'a> {
    text: Cow<'a, str>,
    code: bool,
}

/// A catalogue text in pieces.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    text.trim()
        .split('`')
        .enumerate()
        .filter(|(_, text)| !text.is_empty())
        .map(|(index, text)| Piece {
            text: sanitize::terminal(text),
            code: index % 2 == 1,
        })
        .collect()
}
