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
mod row;
#[cfg(test)]
mod tests;
mod waterfall;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use super::changes::Changes;
use super::document::Document;
use super::prose;
use super::sheet::Sheet;
use crate::diagnosis::Policy;
use crate::diagnosis::remedies::{self, Place, Remedy};
use crate::sanitize;
use crate::table::Panel;
use charts::{Chart, Histogram, Trend};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The parts of the page, in order; `row` and `host` are repeated.
const TEMPLATES: [(&str, &str); 9] = [
    ("top.html", include_str!("top.html")),
    ("row.html", include_str!("row.html")),
    ("between.html", include_str!("between.html")),
    ("host.html", include_str!("host.html")),
    ("bottom.html", include_str!("bottom.html")),
    ("head.html", include_str!("head.html")),
    ("foot.html", include_str!("foot.html")),
    ("changes.html", include_str!("changes.html")),
    ("diff.html", include_str!("diff.html")),
];

#[derive(Serialize)]
struct Top<'a> {
    /// Content of a `meta` element, without white space at its ends.
    policy: String,
    style: Value,
    script: Value,
    version: &'a str,
    document: &'a Document<'a>,
    states: Chart,
    expiry: Histogram,
    trend: Option<Trend>,
    charts: Vec<Chart>,
    hosts: usize,
}

/// A remedy, and the hosts with a finding that names it.
#[derive(Serialize)]
struct RemedyOfHosts {
    #[serde(flatten)]
    remedy: &'static Remedy,
    hosts: u64,
    /// Where it is carried out.
    place: String,
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
    let document = Document::new(sheet, policy);
    let summary = &sheet.summary;
    let top = Top {
        policy: content_policy(&style, &script),
        style: Value::from_safe_string(style),
        script: Value::from_safe_string(script),
        version: sheet.plan.map_or("", |plan| &plan.version),
        document: &document,
        states: Chart::new(Panel::states(summary)),
        expiry: Histogram::new(sheet, policy),
        trend: Trend::new(&document.trend),
        charts: [
            Panel::tls(summary),
            Panel::nla(summary),
            Panel::dns(summary),
        ]
        .map(Chart::new)
        .into(),
        hosts: sheet.rows.len(),
    };
    let top = Value::from(Serde(&top));
    put("top.html", top.clone())?;
    let ranks = row::address_ranks(sheet);
    for (index, ((host, name), rank)) in sheet.rows.iter().zip(ranks).enumerate() {
        let row = row::TableRow::new(index + 1, host, *name, rank);
        put("row.html", Value::from(Serde(&row)))?;
    }
    put("between.html", top)?;
    for (index, row) in sheet.rows().enumerate() {
        let host =
            details::HostChapter::new(index + 1, &row, sheet.times.map(|(_, newest)| newest));
        put("host.html", Value::from(Serde(&host)))?;
    }
    let named = summary.by_finding.values();
    let named = named.flat_map(|count| count.by_remedy.iter().map(|(key, _)| key));
    let named: BTreeSet<&str> = named.collect();
    let mut remedies: Vec<RemedyOfHosts> = (named.into_iter())
        .filter_map(|key| {
            let remedy = remedies::find(key)?;
            let places: Vec<&str> = remedy.places.iter().copied().map(Place::words).collect();
            Some(RemedyOfHosts {
                remedy,
                hosts: summary.by_remedy.of(key),
                place: places.join("; "),
            })
        })
        .collect();
    remedies.sort_by_key(|one| one.remedy.number());
    put(
        "bottom.html",
        minijinja::context! { remedies => Value::from(Serde(&remedies)) },
    )
}

/// A page of what has changed between two scans.
pub(super) fn write_changes(changes: &Changes, out: &mut dyn Write) -> io::Result<()> {
    let sources = TEMPLATES.map(|(name, text)| (name, flat(text)));
    let pages = environment(&sources).map_err(io::Error::other)?;
    let style = lines(STYLE);
    let values = minijinja::context! {
        policy => content_policy(&style, ""),
        style => Value::from_safe_string(style),
        script => "",
        version => env!("CARGO_PKG_VERSION"),
        title => "Changes",
        changes => Value::from(Serde(changes)),
    };
    let page = pages.get_template("diff.html");
    let text = page.and_then(|page| page.render(values));
    out.write_all(text.map_err(io::Error::other)?.as_bytes())
}

fn environment<'s>(sources: &'s [(&'s str, String)]) -> Result<Environment<'s>, Error> {
    let mut pages = Environment::new();
    pages.set_undefined_behavior(UndefinedBehavior::Strict);
    pages.set_syntax(SyntaxConfig::builder().trim_blocks(true).build()?);
    pages.set_auto_escape_callback(|_| AutoEscape::Html);
    pages.set_formatter(print);
    pages.add_filter("code", |text: String| Value::from(Serde(&pieces(&text))));
    pages.add_filter("plain", |word: String| plain(&word));
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

/// One of the program's own words as people write it: `not_rdp` is "not RDP".
fn plain(word: &str) -> String {
    let parts = word.split('_').map(|part| match part {
        "aaaa" | "ptr" | "rdp" => part.to_uppercase(),
        other => other.to_owned(),
    });
    parts.collect::<Vec<_>>().join(" ")
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
