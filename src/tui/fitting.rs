//! How wide the columns of the screen are, and which goes first when room is short.

use std::net::IpAddr;

use super::columns::{Column, NAMES, STAYS, look};
use super::text;
use super::theme::{Theme, Tone};
use crate::fleet::Host;
use crate::model::{CertificateStatus, DEFAULT_PORT, DnsVerdict, HostKey, Nla, StabilityVerdict};
use crate::table::{ColumnId, Columns};

/// A column on the screen.
#[derive(Clone, Copy)]
pub(super) struct Fitted {
    /// Which.
    pub(super) column: &'static Column,
    /// Cells it has.
    pub(super) width: u16,
    /// It shows signs in place of words: [`Column::brief`].
    pub(super) brief: bool,
}

impl Fitted {
    /// What it shows of a host.
    pub(super) fn cell(&self, host: &Host, theme: Theme) -> Vec<(String, Tone)> {
        let brief = self.column.brief.filter(|_| self.brief);
        brief.unwrap_or(self.column.cell)(host, theme)
    }

    /// Its heading, in as many letters as it has room for.
    pub(super) fn title(&self) -> &'static str {
        match self.column.id {
            ColumnId::Stability if usize::from(self.width) < self.column.title.len() => "STAB",
            _ => self.column.title,
        }
    }
}

/// Names are not made wider than this for their own sake.
const LONGEST_NAME: u16 = 40;
/// What names and findings have at least when every column stands: a host label and more; the longest id of the catalogue
/// without its beginning, and the sign before it.
const LEAST_NAME: u16 = 16;
const LONGEST_FINDING: u16 = 23;
/// What is left of them on the narrowest screens: a host label, and the beginning of an id.
const SHORT_NAME: u16 = 12;
const SHORT_FINDING: u16 = 15;

/// Columns that can be brief, the one whose words are worth most first.
const BRIEF: [ColumnId; 3] = [ColumnId::Dns, ColumnId::Stability, ColumnId::Nla];

/// Who gets the room to spare once ids and names are whole, step by step, and up to which width.
const GROWTH: [(ColumnId, u16); 12] = [
    (ColumnId::Stability, 12),
    (ColumnId::Finding, 36),
    (ColumnId::Stability, 16),
    (ColumnId::Finding, 70),
    (ColumnId::CommonName, 32),
    (ColumnId::Reverse, 32),
    (ColumnId::Issuer, 40),
    (ColumnId::Thumbprint, 40),
    (ColumnId::Signature, 24),
    (ColumnId::Features, 79),
    (ColumnId::Name, LONGEST_NAME),
    (ColumnId::Finding, u16::MAX),
];

/// The chosen columns that fit into `room` cells with one cell between two, in their order.
///
/// Columns go before an id or a name is cut; what then is to spare goes to the widths that the user gave, to ids and names, and
/// to words in place of signs. A width that the user gave never drives another column out.
pub(super) fn fit(columns: &Columns, sorted: ColumnId, room: u16, longest: Longest) -> Vec<Fitted> {
    let mut chosen: Vec<Fitted> = columns
        .shown()
        .map(|id| {
            let column = look(id);
            let least = longest.least(column, sorted, room);
            Fitted {
                column,
                width: columns.width(id).map_or(least, |wanted| wanted.min(least)),
                brief: column.brief.is_some(),
            }
        })
        .collect();
    drop_columns(&mut chosen, room);
    let mut spare = room.saturating_sub(needed(&chosen));
    // What the user wants, then what tells rows apart.
    let wanted = |id: ColumnId| {
        columns.width(id).or(match id {
            ColumnId::Finding => Some(longest.finding.min(LONGEST_FINDING)),
            ColumnId::Name => Some(longest.name.min(LONGEST_NAME)),
            _ => None,
        })
    };
    let by_user = columns.shown().filter(|id| columns.width(*id).is_some());
    for id in by_user.chain([ColumnId::Finding, ColumnId::Name]) {
        if let Some(wanted) = wanted(id) {
            grow(&mut chosen, id, wanted, &mut spare);
        }
    }
    let whole = chosen
        .iter()
        .all(|fitted| wanted(fitted.column.id).is_none_or(|wanted| fitted.width >= wanted));
    for id in BRIEF {
        let words = longest.words(id, sorted);
        let Some(fitted) = chosen.iter_mut().find(|fitted| fitted.column.id == id) else {
            continue;
        };
        let more = words.saturating_sub(fitted.width);
        if columns.width(id).is_some() || more == 0 {
            fitted.brief = more > 0;
        } else if whole && more <= spare {
            fitted.brief = false;
            fitted.width += more;
            spare -= more;
        }
    }
    for (id, ample) in GROWTH {
        let brief = |fitted: &Fitted| fitted.column.id == id && fitted.brief;
        if columns.width(id).is_none() && !chosen.iter().any(brief) {
            grow(&mut chosen, id, ample, &mut spare);
        }
    }
    chosen
}

/// Cells of these, with one between two.
fn needed(chosen: &[Fitted]) -> u16 {
    let gaps = u16::try_from(chosen.len().saturating_sub(1)).unwrap_or(0);
    chosen.iter().map(|fitted| fitted.width).sum::<u16>() + gaps
}

/// Leaves out what counts least, until the others fit. Before names would go, they and the findings shrink.
fn drop_columns(chosen: &mut Vec<Fitted>, room: u16) {
    let mut shrunk = false;
    while needed(chosen) > room {
        let least = chosen.iter().map(|fitted| fitted.column.keep).min();
        let Some(least) = least.filter(|keep| *keep < STAYS) else {
            break;
        };
        if least >= NAMES && !shrunk {
            shrunk = true;
            for fitted in chosen.iter_mut() {
                match fitted.column.id {
                    ColumnId::Name => fitted.width = fitted.width.min(SHORT_NAME),
                    ColumnId::Finding => fitted.width = fitted.width.min(SHORT_FINDING),
                    _ => {}
                }
            }
            continue;
        }
        chosen.retain(|fitted| fitted.column.keep != least);
    }
}

/// Gives a column more of what is to spare, up to this width.
fn grow(chosen: &mut [Fitted], id: ColumnId, ample: u16, spare: &mut u16) {
    if let Some(fitted) = chosen.iter_mut().find(|fitted| fitted.column.id == id) {
        let more = (*spare).min(ample.saturating_sub(fitted.width));
        fitted.width += more;
        *spare -= more;
    }
}

/// Cells that the longest entry takes, among the hosts shown, of columns that are as wide as that and no wider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Longest {
    /// Of states, with their sign.
    state: u16,
    /// Of addresses: one that is cut leads to another host, or to another port.
    address: u16,
    /// Of names.
    name: u16,
    /// Of days left, with their sign.
    days: u16,
    /// Of words about NLA.
    nla: u16,
    /// Of verdicts on names, and of those that are words even where the column is brief.
    dns: (u16, u16),
    /// Of verdicts on stability, likewise.
    stability: (u16, u16),
    /// Of the ids of worst findings, with their sign.
    finding: u16,
}

impl Longest {
    /// Among these.
    pub(super) fn of<'a>(hosts: impl Iterator<Item = &'a Host>) -> Self {
        let mut longest = Self::default();
        for host in hosts {
            longest.add(host);
        }
        longest
    }

    fn add(&mut self, host: &Host) {
        let wider = |cells: &mut u16, text: &str, sign: u16| {
            let wanted = u16::try_from(text.len()).unwrap_or(u16::MAX);
            *cells = (*cells).max(wanted.saturating_add(sign));
        };
        let diagnosis = &host.diagnosis;
        wider(&mut self.state, diagnosis.state.word(), 2);
        self.address = self.address.max(address_cells(host));
        self.name = self.name.max(name_cells(host));
        self.days = self.days.max(days_cells(host));
        if diagnosis.nla != Nla::Unknown {
            wider(&mut self.nla, diagnosis.nla.word(), 0);
        }
        let dns = diagnosis.dns;
        wider(&mut self.dns.0, dns.word(), 0);
        if !matches!(dns, DnsVerdict::Match | DnsVerdict::NotChecked) {
            wider(&mut self.dns.1, dns.word(), 0);
        }
        let stability = diagnosis.stability.verdict;
        wider(&mut self.stability.0, stability.word(), 0);
        if !matches!(
            stability,
            StabilityVerdict::Steady | StabilityVerdict::Unknown
        ) {
            wider(&mut self.stability.1, stability.word(), 0);
        }
        match diagnosis.findings.first() {
            Some(finding) => {
                let id = finding.id.strip_prefix("RDP-").unwrap_or(finding.id);
                wider(&mut self.finding, id, 2);
            }
            None => wider(&mut self.finding, "checking", 0),
        }
    }

    /// Cells that a column needs, without words that a sign can stand for.
    fn least(&self, column: &Column, sorted: ColumnId, room: u16) -> u16 {
        let cells = match column.id {
            ColumnId::State => self.state.min(column.least),
            // On a narrow screen, what makes a row recognisable shares it.
            ColumnId::Address => self.address.min(room / 2).max(column.least),
            ColumnId::Name => self.name.min(LEAST_NAME).max(column.least.min(SHORT_NAME)),
            ColumnId::Days => self.days,
            ColumnId::Dns => self.dns.1,
            ColumnId::Stability => self.stability.1,
            ColumnId::Finding => self.finding.min(LONGEST_FINDING).max(column.least),
            ColumnId::Nla => 0,
            _ => return column.least,
        };
        cells.max(heading(column, sorted))
    }

    /// Cells that a column needs for all of its words.
    fn words(&self, id: ColumnId, sorted: ColumnId) -> u16 {
        let column = look(id);
        let cells = match id {
            ColumnId::Nla => self.nla,
            ColumnId::Dns => self.dns.0,
            // Its whole heading.
            ColumnId::Stability => self.stability.0.max(9),
            _ => 0,
        };
        cells.max(heading(column, sorted))
    }
}

/// Cells of a short heading, with the sign of the order where that is by this column.
fn heading(column: &Column, sorted: ColumnId) -> u16 {
    let title = u16::try_from(column.title.len()).unwrap_or(0).min(5);
    match column.id {
        ColumnId::Stability => 4 + if column.id == sorted { 2 } else { 0 },
        id => title + if id == sorted { 2 } else { 0 },
    }
}

/// Cells that a host's name takes.
fn name_cells(host: &Host) -> u16 {
    let Some(name) = host.display_name() else {
        return 0;
    };
    let cells = if name.bytes().all(|byte| byte.is_ascii_graphic()) {
        name.len()
    } else {
        text::width(&text::clean(name))
    };
    u16::try_from(cells).unwrap_or(u16::MAX)
}

/// Cells that the days left take, with the sign behind them, without writing them.
fn days_cells(host: &Host) -> u16 {
    let sign = match host.diagnosis.certificate_status {
        None => return 0,
        Some(CertificateStatus::Valid) => 0,
        Some(_) => 1,
    };
    let Some(days) = host.diagnosis.days_left else {
        return sign;
    };
    let digits = days.unsigned_abs().checked_ilog10().unwrap_or(0) + 1;
    u16::try_from(digits).unwrap_or(u16::MAX) + u16::from(days < 0) + sign
}

/// Cells that a host's address takes, without writing it.
fn address_cells(host: &Host) -> u16 {
    let digits = |number: u16| match number {
        0..10 => 1,
        10..100 => 2,
        100..1000 => 3,
        1000..10_000 => 4,
        _ => 5,
    };
    let HostKey::Endpoint(endpoint) = host.key() else {
        return 10;
    };
    let (cells, brackets) = match endpoint.address {
        IpAddr::V4(address) => {
            let numbers: u16 = address
                .octets()
                .into_iter()
                .map(u16::from)
                .map(digits)
                .sum();
            (numbers + 3, 0)
        }
        // Rare enough to be written.
        IpAddr::V6(address) => {
            let text = address.to_string();
            (u16::try_from(text.len()).unwrap_or(u16::MAX), 2)
        }
    };
    match endpoint.port {
        DEFAULT_PORT => cells,
        port => cells + brackets + 1 + digits(port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest words there are, with addresses of so many cells.
    const fn words(address: u16) -> Longest {
        Longest {
            state: 13,
            address,
            name: 23,
            days: 5,
            nla: 11,
            dns: (12, 12),
            stability: (7, 5),
            finding: 21,
        }
    }

    /// What a fleet has in which little is wrong.
    const fn quiet() -> Longest {
        Longest {
            dns: (11, 0),
            stability: (7, 0),
            nla: 7,
            ..words(14)
        }
    }

    fn fitted(columns: &str, room: u16, longest: Longest) -> Vec<Fitted> {
        let columns = match columns {
            "" => Columns::default(),
            text => Columns::parse(text).unwrap(),
        };
        fit(&columns, ColumnId::State, room, longest)
    }

    fn width(fitted: &[Fitted], wanted: ColumnId) -> u16 {
        let found = fitted.iter().find(|fitted| fitted.column.id == wanted);
        found.map_or(0, |fitted| fitted.width)
    }

    fn ids(room: u16) -> Vec<ColumnId> {
        fitted("", room, words(15))
            .iter()
            .map(|fitted| fitted.column.id)
            .collect()
    }

    #[test]
    fn a_wide_screen_has_every_usual_column() {
        assert_eq!(ids(118), ColumnId::USUAL);
    }

    #[test]
    fn columns_leave_in_their_declared_order() {
        let mut kept = ids(200);
        for room in (1..200).rev() {
            let now = ids(room);
            assert!(
                now.iter().all(|id| kept.contains(id)),
                "a column came back at {room}"
            );
            kept = now;
        }
        assert!(ids(58).contains(&ColumnId::Name));
        assert!(!ids(58).contains(&ColumnId::Days));
        assert!(!ids(58).contains(&ColumnId::Nla));
        assert!(ids(1).contains(&ColumnId::State));
    }

    #[test]
    fn an_address_with_its_port_is_not_cut_and_the_id_of_a_finding_is_whole() {
        for (room, longest) in [(78, 15), (78, 21), (118, 15), (118, 21), (118, 47)] {
            let fitted = fitted("", room, words(longest));
            assert!(width(&fitted, ColumnId::Address) >= longest, "{room}");
            assert!(width(&fitted, ColumnId::Finding) >= 21, "{room}, {longest}");
            assert!(width(&fitted, ColumnId::Name) >= 16, "{room}, {longest}");
        }
    }

    #[test]
    fn at_120_columns_names_and_ids_are_whole_and_no_word_that_matters_is_cut() {
        let fitted = fitted("", 118, words(14));
        assert_eq!(fitted.len(), ColumnId::USUAL.len());
        assert_eq!(width(&fitted, ColumnId::Name), 23);
        assert!(width(&fitted, ColumnId::Finding) >= 21);
        assert_eq!(width(&fitted, ColumnId::Dns), 12);
    }

    #[test]
    fn at_80_columns_an_id_is_whole_and_days_stand_beside_a_name_of_18_letters() {
        let fitted = fitted("", 78, words(14));
        assert_eq!(width(&fitted, ColumnId::Finding), 21);
        assert!(width(&fitted, ColumnId::Name) >= 18);
        assert_eq!(width(&fitted, ColumnId::Days), 5);
    }

    #[test]
    fn signs_stand_for_words_only_while_a_name_or_an_id_needs_the_room() {
        for room in 60..200 {
            let fitted = fitted("", room, quiet());
            let cut = width(&fitted, ColumnId::Name) < 23 || width(&fitted, ColumnId::Finding) < 21;
            let words = fitted
                .iter()
                .any(|fitted| fitted.column.brief.is_some() && !fitted.brief);
            assert!(!(cut && words), "{room}");
        }
        let wide = fitted("", 198, quiet());
        assert!(wide.iter().all(|fitted| !fitted.brief));
    }

    #[test]
    fn a_width_from_a_wide_screen_drives_nothing_out_of_a_narrow_one() {
        let all = |columns: &str| -> Vec<ColumnId> {
            let fitted = fitted(columns, 78, words(14));
            assert!(needed(&fitted) <= 78, "{columns}");
            fitted.iter().map(|fitted| fitted.column.id).collect()
        };
        let usual = "state,address,name,days,tls,nla,dns,stability,finding";
        for wide in ["finding", "name", "state", "days", "address"] {
            let columns = usual.replace(wide, &format!("{wide}:200"));
            assert_eq!(all(&columns), all(usual), "{wide}");
        }
    }

    #[test]
    fn a_width_that_the_user_gave_is_had_where_there_is_room() {
        let fitted = fitted("state,address,name:12,finding:30", 118, words(14));
        assert_eq!(width(&fitted, ColumnId::Name), 12);
        assert_eq!(width(&fitted, ColumnId::Finding), 30);
    }

    #[test]
    fn widths_keep_to_the_room() {
        for room in 31..300 {
            for longest in [words(15), quiet()] {
                assert!(needed(&fitted("", room, longest)) <= room, "{room}");
            }
        }
    }

    #[test]
    fn chosen_columns_leave_one_by_one() {
        let columns = Columns::of(&ColumnId::ALL);
        let count = |room| fit(&columns, ColumnId::State, room, words(15)).len();
        let mut before = count(600);
        for room in (1..600).rev() {
            let now = count(room);
            assert!(before - now <= 1, "{before} to {now} at {room}");
            before = now;
        }
    }
}
