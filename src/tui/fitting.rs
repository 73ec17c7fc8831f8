//! Which columns the screen shows, and how wide.
//!
//! Only the width of the screen, the columns chosen and the longest address of the fleet decide: views, filters and groups leave
//! the columns where they are, but for the view of what has changed, which shows that.

use std::net::IpAddr;

use crate::fleet::Host;
use crate::model::{DEFAULT_PORT, HostKey};
use crate::table::{Columns, Field};

/// A column on the screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fitted {
    pub(super) field: Field,
    /// Cells it has.
    pub(super) width: u16,
}

impl Fitted {
    /// Its heading, the short one where there is no room.
    pub(super) fn title(self) -> String {
        let spec = self.field.spec();
        let fits = usize::from(self.width) >= spec.heading.len();
        let short = spec.short.filter(|_| !fits);
        short.unwrap_or(spec.heading).to_uppercase()
    }
}

/// The columns on the screen, with one cell between two.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) columns: Vec<Fitted>,
    /// How far the columns are scrolled.
    pub(super) page: usize,
    /// Columns that scrolling to the right shows.
    pub(super) further: usize,
}

/// Columns that make a row recognisable: they stay while the others scroll.
const PINNED: [Field; 3] = [Field::State, Field::Address, Field::Name];

/// Columns in the order in which they get room on the first page. Those not named follow in the order shown.
const FIRST: [Field; 5] = [
    Field::State,
    Field::Address,
    Field::Name,
    Field::Changed,
    Field::Finding,
];

/// Cells of a finding in few words, with its letter and the number of further ones.
const FEW_WORDS: u16 = 25;

/// Columns that widen, step by step, with the width of each step; between the steps, those that the user added.
const GROWTH: [(Field, u16); 9] = [
    (Field::Changed, 22),
    (Field::Finding, FEW_WORDS),
    (Field::State, 13),
    (Field::Name, 24),
    (Field::Finding, 36),
    (Field::Stability, 16),
    (Field::Finding, 48),
    (Field::Nla, 11),
    (Field::Finding, 60),
];

/// The columns that fit into `room` cells, scrolled by `page` pages.
pub(super) fn fit(shown: &Columns, page: usize, room: u16, longest_address: u16) -> Layout {
    let least = |field: Field| Fitted {
        field,
        width: least(field, room, longest_address).min(shown.width(field).unwrap_or(u16::MAX)),
    };
    let all: Vec<Fitted> = shown.shown().map(least).collect();
    let mut wanted = all.clone();
    wanted.sort_by_key(|fitted| {
        let first = FIRST.iter().position(|field| *field == fitted.field);
        first.unwrap_or(FIRST.len())
    });
    let mut left = take(&mut wanted, room);
    let first = left.clone();
    let mut at = 0;
    while at < page && !wanted.is_empty() {
        at += 1;
        // In the order shown, beside the pinned ones.
        wanted.sort_by_key(|fitted| all.iter().position(|other| other.field == fitted.field));
        left.clone_from(&first);
        left.retain(|fitted| PINNED.contains(&fitted.field));
        let next = wanted.first().map_or(0, |fitted| fitted.width);
        while !left.is_empty() && needed(&left) + 1 + next > room {
            left.pop();
        }
        let gap = u16::from(!left.is_empty());
        let mut scrolled = take(&mut wanted, room.saturating_sub(needed(&left) + gap));
        left.append(&mut scrolled);
    }
    left.sort_by_key(|fitted| all.iter().position(|other| other.field == fitted.field));
    widen(&mut left, shown, room);
    Layout {
        columns: left,
        page: at,
        further: wanted.len(),
    }
}

/// Takes columns from the front while they fit into `room` cells, and one in any case, cut to the room.
fn take(wanted: &mut Vec<Fitted>, room: u16) -> Vec<Fitted> {
    let mut taken: Vec<Fitted> = Vec::new();
    while let Some(next) = wanted.first().copied() {
        let gap = u16::from(!taken.is_empty());
        let left = room.saturating_sub(needed(&taken) + gap);
        if next.width > left && !taken.is_empty() {
            break;
        }
        wanted.remove(0);
        taken.push(Fitted {
            width: next.width.min(left.max(1)),
            ..next
        });
    }
    taken
}

fn needed(columns: &[Fitted]) -> u16 {
    let gaps = u16::try_from(columns.len().saturating_sub(1)).unwrap_or(0);
    columns.iter().map(|fitted| fitted.width).sum::<u16>() + gaps
}

/// Gives spare room to widths chosen by the user, then to the columns that have a use for it.
fn widen(columns: &mut [Fitted], shown: &Columns, room: u16) {
    let mut spare = room.saturating_sub(needed(columns));
    let by_user = shown
        .shown()
        .filter_map(|field| Some((field, shown.width(field)?)));
    let added = shown
        .shown()
        .filter(|field| !Field::USUAL.contains(field))
        .map(|field| (field, field.spec().width.1));
    let last = [(Field::Name, 40), (Field::Finding, u16::MAX)];
    let own = GROWTH.into_iter().chain(added).chain(last);
    let own = own.filter(|(field, _)| shown.width(*field).is_none());
    for (field, width) in by_user.chain(own) {
        if let Some(fitted) = columns.iter_mut().find(|fitted| fitted.field == field) {
            let more = spare.min(width.saturating_sub(fitted.width));
            fitted.width += more;
            spare -= more;
        }
    }
}

/// The cells that a column needs.
fn least(field: Field, room: u16, longest_address: u16) -> u16 {
    match field {
        Field::State => 10,
        // Never cut, since a part of an address is that of another host, but for half of a narrow screen.
        Field::Address => longest_address.max(10).min(room / 2).max(1),
        Field::DaysLeft => 6,
        Field::Tls | Field::Nla => 4,
        Field::Name | Field::Dns => 12,
        Field::Stability => 9,
        Field::Changed => (room / 6).clamp(13, 22),
        // A sentence needs room before further columns do.
        Field::Finding => (room / 4).clamp(15, FEW_WORDS),
        other => other.spec().width.0,
    }
}

/// The cells of an address with its port, counted without formatting.
pub(super) fn address_cells(host: &Host) -> u16 {
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

    fn layout(columns: &str, page: usize, room: u16, address: u16) -> Layout {
        let columns = match columns {
            "" => Columns::default(),
            text => Columns::parse(text).unwrap(),
        };
        fit(&columns, page, room, address)
    }

    fn fields(layout: &Layout) -> Vec<Field> {
        layout.columns.iter().map(|fitted| fitted.field).collect()
    }

    fn width(layout: &Layout, wanted: Field) -> u16 {
        let found = layout.columns.iter().find(|fitted| fitted.field == wanted);
        found.map_or(0, |fitted| fitted.width)
    }

    #[test]
    fn tls_nla_and_a_sentence_have_room_on_80_columns_whatever_the_address() {
        for address in [7, 15] {
            let layout = layout("", 0, 78, address);
            for field in [Field::Name, Field::DaysLeft, Field::Tls, Field::Nla] {
                assert!(width(&layout, field) > 0, "{field:?}");
            }
            assert!(width(&layout, Field::Finding) >= 20);
            assert_eq!(width(&layout, Field::Address), address.max(10));
        }
    }

    #[test]
    fn every_usual_column_has_room_on_120_columns() {
        assert_eq!(fields(&layout("", 0, 118, 15)), Field::USUAL);
    }

    #[test]
    fn names_stay_as_long_as_addresses() {
        for room in 1..200 {
            for address in [7, 15, 47] {
                let shown = fields(&layout("", 0, room, address));
                let (name, address) = (
                    shown.contains(&Field::Name),
                    shown.contains(&Field::Address),
                );
                assert!(name == address || room < 50, "{room}: {shown:?}");
            }
        }
    }

    #[test]
    fn scrolling_shows_every_column_once_beside_the_pinned_ones() {
        let all = Field::ALL.map(Field::key).join(",");
        for room in [40, 58, 78, 118, 198] {
            let mut seen = fields(&layout(&all, 0, room, 15));
            let mut page = 0;
            loop {
                let before = layout(&all, page, room, 15);
                if before.further == 0 {
                    break;
                }
                page += 1;
                let now = layout(&all, page, room, 15);
                assert_eq!(now.page, page);
                let mut added = fields(&now);
                added.retain(|field| !PINNED.contains(field));
                assert_eq!(before.further - now.further, added.len());
                seen.append(&mut added);
            }
            seen.sort_by_key(|field| *field as usize);
            assert_eq!(seen, Field::ALL, "{room}");
            assert_eq!(layout(&all, page + 9, room, 15).page, page);
        }
    }

    #[test]
    fn widths_keep_to_the_room() {
        for room in 4..300 {
            for address in [7, 15, 47] {
                for page in 0..3 {
                    let layout = layout("", page, room, address);
                    assert!(needed(&layout.columns) <= room, "{room}");
                    assert!(!layout.columns.is_empty());
                }
            }
        }
    }

    #[test]
    fn a_wider_screen_never_lacks_a_column_of_a_narrower_one() {
        let mut wider = fields(&layout("", 0, 200, 15));
        for room in (1..200).rev() {
            let now = fields(&layout("", 0, room, 15));
            assert!(now.iter().all(|field| wider.contains(field)), "{room}");
            wider = now;
        }
    }

    #[test]
    fn a_width_chosen_by_the_user_is_given_where_there_is_room_and_drives_nothing_out() {
        let roomy = layout("state,address,name:12,finding:30", 0, 118, 15);
        assert_eq!(width(&roomy, Field::Name), 12);
        assert_eq!(width(&roomy, Field::Finding), 30);
        let usual = "state,address,name,days_left,tls,nla,dns,stability,finding";
        for wide in ["finding", "name", "state", "days_left", "address"] {
            let columns = usual.replace(wide, &format!("{wide}:200"));
            let (with, without) = (layout(&columns, 0, 78, 15), layout(usual, 0, 78, 15));
            assert_eq!(fields(&with), fields(&without), "{wide}");
        }
    }
}
