//! One HTML file for a whole scan: no remote asset, complete without its script.
//!
//! The templates are in this folder. Every value that they print goes through [`sanitize::html`]: no template marks a value as
//! safe, except the style sheet and the script, which are constants. The page's policy allows no other style or script and no
//! request.
//!
//! A host's details are in a `noscript` element: without scripting they are part of the page; with it, the browser keeps them as
//! text until the host is opened or printed, so that a page of thousands of hosts stays fast.

mod charts;
mod details;
mod overview;
mod remedy;
mod sections;
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
use overview::PageHead;

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

#[derive(Serialize)]
struct Top<'a> {
    /// Content of a `meta` element, without white space at its ends.
    policy: String,
    style: Value,
    script: Value,
    overview: &'a PageHead,
}

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
    let overview = PageHead::new(sheet, policy);
    let top = Top {
        policy: content_policy(&style, &script),
        style: Value::from_safe_string(style),
        script: Value::from_safe_string(script),
        overview: &overview,
    };
    put("top.html", Value::from(Serde(&top)))?;
    let ranks = overview::address_ranks(sheet);
    for (index, ((host, name), rank)) in sheet.rows.iter().zip(ranks).enumerate() {
        let row = overview::TableRow::new(index + 1, host, *name, rank);
        put("row.html", Value::from(Serde(&row)))?;
    }
    put("between.html", Value::from(Serde(&overview)))?;
    for (index, row) in sheet.rows().enumerate() {
        let host =
            details::HostDetails::new(index + 1, &row, sheet.times.map(|(_, newest)| newest));
        put("host.html", Value::from(Serde(&host)))?;
    }
    put(
        "bottom.html",
        Value::from(Serde(&remedy::Chapter::new(&sheet.summary))),
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

/// The only place where a value becomes text of the page.
fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() => Ok(out.write_str(&sanitize::html(text))?),
        _ => minijinja::escape_formatter(out, state, value),
    }
}

/// A template without its indentation, which would be repeated for every host.
fn flat(template: &str) -> String {
    let mut flat = String::with_capacity(template.len());
    for line in template.lines() {
        flat.push_str(line.trim_start());
        flat.push('\n');
    }
    flat
}

/// Line ends as a browser hashes them.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The Content-Security-Policy: no requests, and only this style and script.
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

fn millis(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 10_000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1000.0)
    }
}

/// A part of a catalogue text: plain, or code between backticks.
#[derive(Debug, Serialize)]
struct Piece<'a> {
    text: Cow<'a, str>,
    code: bool,
}

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
