//! What a client gets that connects by name, beside what it gets by address.

use super::super::mark::Mark;
use super::super::page::{Page, Piece};
use super::{identity, path};
use crate::diagnosis::{Ending, NameMember, endings};
use crate::fleet::Host;
use crate::model::{
    Attempt, CertificateFacts, Endpoint, History, HostKey, HostState, Stage, TlsFacts, TlsHandshake,
};
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{Theme, Tone};

/// A mark, and a text safe to show.
type MarkedText = (Mark, String);

/// Cells of a row's label.
const LABEL: usize = 13;

pub(super) fn write(
    model: &Model,
    host: &Host,
    history: &History,
    reference: Option<&str>,
    page: &mut Page,
) {
    let by_ip = by_ip(host, history);
    let by_name =
        reference.map_or_else(Column::default, |name| by_name(model, host, history, name));
    if by_ip.rows.is_empty() && by_name.rows.is_empty() {
        return;
    }
    page.blank();
    let room = page.width.saturating_sub(LABEL + 4) / 2;
    let heading = |title: &str| format!("{:<room$}", format!("  {title}"));
    page.line(vec![
        (format!("  {:<LABEL$}", ""), Tone::Plain),
        (heading("BY NAME"), Tone::Accent),
        (heading("BY IP"), Tone::Accent),
    ]);
    for label in ROWS {
        let cells = [by_name.cell(label), by_ip.cell(label)];
        if cells.iter().all(|(_, text)| text.is_empty()) {
            continue;
        }
        let mut pieces = vec![(format!("  {label:<LABEL$}"), Tone::Dim)];
        for (mark, text) in cells {
            pieces.extend(cell(*mark, text, room, page.theme));
        }
        page.line(pieces);
    }
}

const ROWS: [&str; 7] = [
    "leads to",
    "TCP",
    "attempts",
    "machine",
    "certificate",
    "TLS",
    "verdict",
];

fn cell(mark: Mark, text: &str, room: usize, theme: Theme) -> [Piece; 2] {
    let room = room.saturating_sub(1);
    if text.is_empty() {
        return [
            (String::new(), Tone::Plain),
            (" ".repeat(room + 1), Tone::Plain),
        ];
    }
    let lead = match mark {
        Mark::None => "  ".to_owned(),
        mark => mark.piece(theme).0,
    };
    let left = room.saturating_sub(text::width(&lead));
    let text = theme.cut(text, left);
    let gap = left.saturating_sub(text::width(&text)) + 1;
    let tone = match mark {
        Mark::None | Mark::Good => Tone::Plain,
        mark => mark.tone(),
    };
    [(lead, mark.tone()), (format!("{text}{:gap$}", ""), tone)]
}

#[derive(Default)]
struct Column {
    rows: Vec<(&'static str, MarkedText)>,
}

impl Column {
    fn push(&mut self, label: &'static str, (mark, text): (Mark, impl Into<String>)) {
        self.rows.push((label, (mark, text.into())));
    }

    fn cell(&self, label: &str) -> &MarkedText {
        static EMPTY: MarkedText = (Mark::None, String::new());
        self.rows
            .iter()
            .find(|(row, _)| *row == label)
            .map_or(&EMPTY, |(_, cell)| cell)
    }
}

fn by_ip(host: &Host, history: &History) -> Column {
    let mut column = Column::default();
    let Some(endpoint) = history.key.endpoint() else {
        let leads_somewhere = history
            .lookups
            .iter()
            .any(|lookup| !lookup.answer.addresses().is_empty());
        let state = host.diagnosis.state;
        if leads_somewhere {
            column.push("leads to", (Mark::None, "no address that may be tried"));
        } else if state == HostState::NotProbed {
            column.push("leads to", (Mark::None, "not known"));
        } else {
            column.push("leads to", (Mark::Bad, "the name leads to no address"));
        }
        return column;
    };
    column.push("leads to", (Mark::None, endpoint.to_string()));
    // A listed name is tried by name only; TCP is the same by address.
    let connected = history.attempts.iter().any(connected);
    match (connected, history.attempts.is_empty()) {
        (true, _) => column.push("TCP", (Mark::Good, "up")),
        (false, true) => column.push("TCP", (Mark::None, "not tried")),
        (false, false) => column.push("TCP", (Mark::Bad, "no answer")),
    }
    let by_ip = |attempt: &Attempt| attempt.sni.is_none();
    column.push("attempts", through(history, by_ip, "not tried by IP"));
    met(&mut column, history, by_ip, |leaf| {
        if leaf.san_ip.contains(&endpoint.address) {
            (Mark::Good, "good for it")
        } else {
            // As usual: certificates have names.
            (Mark::None, "without this address")
        }
    });
    let state = host.diagnosis.state;
    let mark = match state {
        HostState::Healthy => Mark::Good,
        HostState::Degraded => Mark::Partly,
        HostState::Broken => Mark::Bad,
        _ => Mark::None,
    };
    column.push("verdict", (mark, state.word()));
    column
}

fn by_name(model: &Model, host: &Host, history: &History, name: &str) -> Column {
    let mut column = Column::default();
    let members: &[NameMember] = path(host, name).map_or(&[], |found| &found.members);
    if members.is_empty() {
        let was_answered = match history.key {
            HostKey::Endpoint(_) => history.names_checked,
            HostKey::Unresolved { .. } => host.diagnosis.state != HostState::NotProbed,
        };
        let text = match (was_answered, history.lookups.is_empty()) {
            (true, _) => "no address",
            (false, true) => "not looked up",
            (false, false) => "no resolver answered",
        };
        column.push("leads to", (Mark::None, text));
        return column;
    }
    let own = history.key.endpoint().map(|own| own.address);
    let addresses: Vec<String> = members
        .iter()
        .map(|member| member.address.to_string())
        .collect();
    column.push("leads to", (Mark::None, addresses.join(", ")));
    column.push("TCP", reachability(members));
    let named = |leaf: &CertificateFacts| {
        if leaf.covers(name) {
            (Mark::Good, "good for it")
        } else if leaf.san_omitted > 0 {
            (Mark::None, "has more names")
        } else {
            (Mark::Partly, "not good for it")
        }
    };
    let here = members.iter().any(|member| Some(member.address) == own);
    if here {
        let by_name = |attempt: &Attempt| attempt.sni.is_some();
        let none = "not tried by name: the same address";
        column.push("attempts", through(history, by_name, none));
        met(&mut column, history, by_name, named);
    } else if let Some(there) = members.iter().find_map(|member| {
        model
            .fleet
            .history(Endpoint::new(member.address, history.key.port()))
    }) {
        let any = |_: &Attempt| true;
        column.push("attempts", through(&there, any, "not tried"));
        met(&mut column, &there, any, named);
    }
    if let Some(found) = path(host, name) {
        column.push(
            "verdict",
            (super::mark(found.verdict), found.verdict.word()),
        );
    }
    column
}

fn reachability(members: &[NameMember]) -> MarkedText {
    let count = |wanted: Option<bool>| {
        members
            .iter()
            .filter(|member| member.reachable == wanted)
            .count()
    };
    let (up, dead, all) = (count(Some(true)), count(Some(false)), members.len());
    match (up, dead) {
        (0, 0) => (Mark::None, "not tried".to_owned()),
        (0, _) => (Mark::Bad, "no answer".to_owned()),
        (_, 0) if all == 1 => (Mark::Good, "up".to_owned()),
        (_, 0) => (Mark::Good, format!("up, {up} of {all} addresses")),
        _ => (
            Mark::Partly,
            format!("up, but only {up} of {all} addresses"),
        ),
    }
}

fn connected(attempt: &Attempt) -> bool {
    attempt.connect_ms().is_some()
        || attempt
            .stages
            .iter()
            .any(|record| record.stage > Stage::Tcp)
}

/// How many of the wanted attempts got through, without those that are not counted.
fn through(history: &History, wanted: impl Fn(&Attempt) -> bool, none: &str) -> MarkedText {
    let attempts = history.attempts.iter();
    let endings: Vec<Ending<'_>> = attempts
        .zip(endings(&history.attempts))
        .filter(|(attempt, ending)| wanted(attempt) && *ending != Ending::NotCounted)
        .map(|(_, ending)| ending)
        .collect();
    let all = endings.len();
    let good = endings
        .iter()
        .filter(|ending| **ending == Ending::Through)
        .count();
    let stopped = endings.iter().find_map(|ending| match ending {
        Ending::Failed(stage, _) => Some(*stage),
        _ => None,
    });
    match (good, stopped) {
        _ if all == 0 => (Mark::None, none.to_owned()),
        (_, None) => (Mark::Good, format!("{good} of {all} got through")),
        (0, Some(stage)) => (Mark::Bad, format!("0 of {all} got through, {stage}")),
        (_, Some(stage)) => (
            Mark::Partly,
            format!("{good} of {all} got through, {stage}"),
        ),
    }
}

/// Machine, certificate and TLS of the wanted attempts, else of any to the same address.
fn met(
    column: &mut Column,
    history: &History,
    wanted: impl Fn(&Attempt) -> bool,
    fits: impl Fn(&CertificateFacts) -> (Mark, &'static str),
) {
    if let Some(who) = identity(history) {
        column.push("machine", (Mark::None, who));
    }
    let tls = history
        .attempts
        .iter()
        .rev()
        .filter(|attempt| wanted(attempt))
        .filter_map(|attempt| attempt.tls.as_deref())
        .find(|tls| !tls.chain.is_empty())
        .or_else(|| history.tls().map(AsRef::as_ref));
    let Some(tls) = tls else {
        return;
    };
    if let Some(leaf) = tls.leaf() {
        let start: String = leaf.sha1.to_string().chars().take(8).collect();
        let (mark, word) = fits(leaf);
        column.push("certificate", (mark, format!("{word}, {start}")));
    }
    column.push("TLS", (Mark::None, version(tls)));
}

fn version(tls: &TlsFacts) -> String {
    let version = tls.version.map_or_else(
        || "unknown version".to_owned(),
        |version| version.to_string(),
    );
    match tls.handshake {
        TlsHandshake::Full => version,
        TlsHandshake::LegacyPeek => format!("{version}, legacy peek"),
        TlsHandshake::Failed => "no handshake".to_owned(),
    }
}
