//! The widths of the columns on the screen, and which are dropped when there is no room.

use std::net::IpAddr;

use super::columns::{self, NAMES, Pieces, STAYS};
use super::text;
use super::theme::Theme;
use crate::fleet::Host;
use crate::model::{CertificateStatus, DEFAULT_PORT, DnsVerdict, HostKey, Nla, StabilityVerdict};
use crate::table::{Columns, Field};

/// A column on the screen.
#[derive(Clone, Copy)]
pub(super) struct Fitted {
    pub(super) field: Field,
    /// Cells it has.
    pub(super) width: u16,
    /// It shows signs in place of words.
    pub(super) brief: bool,
}

impl Fitted {
    /// What it shows of a host.
    pub(super) fn cell(self, host: &Host, theme: Theme) -> Pieces {
        if self.brief {
            columns::brief(self.field, host, theme)
        } else {
            columns::cell(self.field, host, theme)
        }
    }

    /// Its heading, the short one where there is no room.
    pub(super) fn title(self) -> String {
        let spec = self.field.spec();
        let fits = usize::from(self.width) >= spec.heading.len();
        let short = spec.short.filter(|_| !fits);
        short.unwrap_or(spec.heading).to_uppercase()
    }
}

/// Names grow up to this width.
const LONGEST_NAME: u16 = 40;
/// The least widths of names and findings while every column is shown: a host label and more; the longest id without its
/// prefix, and a sign.
const LEAST_NAME: u16 = 16;
const LONGEST_FINDING: u16 = 23;
/// Their widths on the narrowest screens: a host label, and the beginning of an id.
const SHORT_NAME: u16 = 12;
const SHORT_FINDING: u16 = 15;

/// Columns that can be brief, the one that gets its words back first.
const BRIEF: [Field; 3] = [Field::Dns, Field::Stability, Field::Nla];

/// Columns that grow, step by step, once ids and names are whole, with the width of each step.
fn growth() -> impl Iterator<Item = (Field, u16)> {
    let first = [
        (Field::Stability, 12),
        (Field::Finding, 36),
        (Field::Stability, 16),
        (Field::Finding, 70),
    ];
    let chosen = Field::ALL
        .into_iter()
        .map(|field| (field, field.spec().width.1));
    let chosen = chosen.filter(|(field, _)| !Field::USUAL.contains(field));
    let last = [(Field::Name, LONGEST_NAME), (Field::Finding, u16::MAX)];
    first.into_iter().chain(chosen).chain(last)
}

/// The shown columns that fit into `room` cells, with one cell between two.
///
/// Columns are dropped before an id or a name is cut. Spare room goes to widths chosen by the user, to ids and names, and then
/// to words in place of signs. A width chosen by the user never drops another column.
pub(super) fn fit(shown: &Columns, sorted: Field, room: u16, longest: Longest) -> Vec<Fitted> {
    let mut chosen: Vec<Fitted> = shown
        .shown()
        .map(|id| {
            let least = longest.least(id, sorted, room);
            Fitted {
                field: id,
                width: shown.width(id).map_or(least, |wanted| wanted.min(least)),
                brief: columns::can_be_brief(id),
            }
        })
        .collect();
    drop_columns(&mut chosen, room);
    let mut spare = room.saturating_sub(needed(&chosen));
    let wanted = |id: Field| {
        shown.width(id).or(match id {
            Field::Finding => Some(longest.finding.min(LONGEST_FINDING)),
            Field::Name => Some(longest.name.min(LONGEST_NAME)),
            _ => None,
        })
    };
    let by_user = shown.shown().filter(|id| shown.width(*id).is_some());
    for id in by_user.chain([Field::Finding, Field::Name]) {
        if let Some(wanted) = wanted(id) {
            grow(&mut chosen, id, wanted, &mut spare);
        }
    }
    let whole = chosen
        .iter()
        .all(|fitted| wanted(fitted.field).is_none_or(|wanted| fitted.width >= wanted));
    for id in BRIEF {
        let words = longest.words(id, sorted);
        let Some(fitted) = chosen.iter_mut().find(|fitted| fitted.field == id) else {
            continue;
        };
        let more = words.saturating_sub(fitted.width);
        if shown.width(id).is_some() || more == 0 {
            fitted.brief = more > 0;
        } else if whole && more <= spare {
            fitted.brief = false;
            fitted.width += more;
            spare -= more;
        }
    }
    for (id, ample) in growth() {
        let brief = |fitted: &Fitted| fitted.field == id && fitted.brief;
        if shown.width(id).is_none() && !chosen.iter().any(brief) {
            grow(&mut chosen, id, ample, &mut spare);
        }
    }
    chosen
}

fn needed(chosen: &[Fitted]) -> u16 {
    let gaps = u16::try_from(chosen.len().saturating_sub(1)).unwrap_or(0);
    chosen.iter().map(|fitted| fitted.width).sum::<u16>() + gaps
}

/// Drops columns by rank until the others fit. Names and findings shrink before names are dropped.
fn drop_columns(chosen: &mut Vec<Fitted>, room: u16) {
    let mut shrunk = false;
    while needed(chosen) > room {
        let least = chosen
            .iter()
            .map(|fitted| columns::rank(fitted.field))
            .min();
        let Some(least) = least.filter(|keep| *keep < STAYS) else {
            break;
        };
        if least >= NAMES && !shrunk {
            shrunk = true;
            for fitted in chosen.iter_mut() {
                match fitted.field {
                    Field::Name => fitted.width = fitted.width.min(SHORT_NAME),
                    Field::Finding => fitted.width = fitted.width.min(SHORT_FINDING),
                    _ => {}
                }
            }
            continue;
        }
        chosen.retain(|fitted| columns::rank(fitted.field) != least);
    }
}

/// Widens a column with spare room, up to this width.
fn grow(chosen: &mut [Fitted], id: Field, ample: u16, spare: &mut u16) {
    if let Some(fitted) = chosen.iter_mut().find(|fitted| fitted.field == id) {
        let more = (*spare).min(ample.saturating_sub(fitted.width));
        fitted.width += more;
        *spare -= more;
    }
}

/// The longest entries among the hosts shown, in cells, of the columns that are as wide as those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Longest {
    /// With their sign.
    state: u16,
    /// Never cut: a part of an address is that of another host or port.
    address: u16,
    name: u16,
    /// With their sign.
    days: u16,
    nla: u16,
    /// All verdicts, and those that are words even where the column is brief.
    dns: (u16, u16),
    /// Likewise.
    stability: (u16, u16),
    /// Their ids, with a sign.
    finding: u16,
}

impl Longest {
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

    /// The least cells of a column, with signs in place of words.
    fn least(&self, field: Field, sorted: Field, room: u16) -> u16 {
        let least = field.spec().width.0;
        let cells = match field {
            Field::State => self.state.min(least),
            // On a narrow screen, the address takes half at most.
            Field::Address => self.address.min(room / 2).max(least),
            Field::Name => self.name.min(LEAST_NAME).max(least.min(SHORT_NAME)),
            Field::DaysLeft => self.days,
            Field::Dns => self.dns.1,
            Field::Stability => self.stability.1,
            Field::Finding => self.finding.min(LONGEST_FINDING).max(least),
            Field::Nla => 0,
            _ => return least,
        };
        cells.max(heading(field, sorted))
    }

    /// The cells of a column with all its words.
    fn words(&self, field: Field, sorted: Field) -> u16 {
        let cells = match field {
            Field::Nla => self.nla,
            Field::Dns => self.dns.0,
            // Its whole heading.
            Field::Stability => self.stability.0.max(9),
            _ => 0,
        };
        cells.max(heading(field, sorted))
    }
}

/// The cells of a short heading, with the sort sign.
fn heading(field: Field, sorted: Field) -> u16 {
    let spec = field.spec();
    let title = spec.short.unwrap_or(spec.heading);
    let cells = u16::try_from(title.len()).unwrap_or(0).min(5);
    cells + if field == sorted { 2 } else { 0 }
}

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

/// Counted without formatting.
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

/// Counted without formatting.
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
        fit(&columns, Field::State, room, longest)
    }

    fn width(fitted: &[Fitted], wanted: Field) -> u16 {
        let found = fitted.iter().find(|fitted| fitted.field == wanted);
        found.map_or(0, |fitted| fitted.width)
    }

    fn ids(room: u16) -> Vec<Field> {
        fitted("", room, words(15))
            .iter()
            .map(|fitted| fitted.field)
            .collect()
    }

    #[test]
    fn a_wide_screen_has_every_usual_column() {
        assert_eq!(ids(118), Field::USUAL);
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
        assert!(ids(58).contains(&Field::Name));
        assert!(!ids(58).contains(&Field::DaysLeft));
        assert!(!ids(58).contains(&Field::Nla));
        assert!(ids(1).contains(&Field::State));
    }

    #[test]
    fn an_address_with_its_port_is_not_cut_and_the_id_of_a_finding_is_whole() {
        for (room, longest) in [(78, 15), (78, 21), (118, 15), (118, 21), (118, 47)] {
            let fitted = fitted("", room, words(longest));
            assert!(width(&fitted, Field::Address) >= longest, "{room}");
            assert!(width(&fitted, Field::Finding) >= 21, "{room}, {longest}");
            assert!(width(&fitted, Field::Name) >= 16, "{room}, {longest}");
        }
    }

    #[test]
    fn at_120_columns_names_and_ids_are_whole_and_no_word_that_matters_is_cut() {
        let fitted = fitted("", 118, words(14));
        assert_eq!(fitted.len(), Field::USUAL.len());
        assert_eq!(width(&fitted, Field::Name), 23);
        assert!(width(&fitted, Field::Finding) >= 21);
        assert_eq!(width(&fitted, Field::Dns), 12);
    }

    #[test]
    fn at_80_columns_an_id_is_whole_and_days_stand_beside_a_name_of_18_letters() {
        let fitted = fitted("", 78, words(14));
        assert_eq!(width(&fitted, Field::Finding), 21);
        assert!(width(&fitted, Field::Name) >= 18);
        assert_eq!(width(&fitted, Field::DaysLeft), 5);
    }

    #[test]
    fn signs_stand_for_words_only_while_a_name_or_an_id_needs_the_room() {
        for room in 60..200 {
            let fitted = fitted("", room, quiet());
            let cut = width(&fitted, Field::Name) < 23 || width(&fitted, Field::Finding) < 21;
            let words = fitted
                .iter()
                .any(|fitted| columns::can_be_brief(fitted.field) && !fitted.brief);
            assert!(!(cut && words), "{room}");
        }
        let wide = fitted("", 198, quiet());
        assert!(wide.iter().all(|fitted| !fitted.brief));
    }

    #[test]
    fn a_width_from_a_wide_screen_drives_nothing_out_of_a_narrow_one() {
        let all = |columns: &str| -> Vec<Field> {
            let fitted = fitted(columns, 78, words(14));
            assert!(needed(&fitted) <= 78, "{columns}");
            fitted.iter().map(|fitted| fitted.field).collect()
        };
        let usual = "state,address,name,days_left,tls,nla,dns,stability,finding";
        for wide in ["finding", "name", "state", "days_left", "address"] {
            let columns = usual.replace(wide, &format!("{wide}:200"));
            assert_eq!(all(&columns), all(usual), "{wide}");
        }
    }

    #[test]
    fn a_width_that_the_user_gave_is_had_where_there_is_room() {
        let fitted = fitted("state,address,name:12,finding:30", 118, words(14));
        assert_eq!(width(&fitted, Field::Name), 12);
        assert_eq!(width(&fitted, Field::Finding), 30);
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
        let columns = Columns::of(&Field::ALL);
        let count = |room| fit(&columns, Field::State, room, words(15)).len();
        let mut before = count(600);
        for room in (1..600).rev() {
            let now = count(room);
            assert!(before - now <= 1, "{before} to {now} at {room}");
            before = now;
        }
    }
}
