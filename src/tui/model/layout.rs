use ratatui::layout::Rect;

use super::{Model, Overlay, Screen};

/// Lines of the header without banners.
const HEADER: u16 = 3;
/// Up to this height the page of a host takes the counts of the fleet from the header.
const LOW: u16 = 16;
/// Up to this height it takes the banners.
const MIDDLE: u16 = 30;

/// The parts of the screen, from top to bottom.
pub(in crate::tui) struct Areas {
    pub(in crate::tui) header: Rect,
    pub(in crate::tui) tabs: Rect,
    pub(in crate::tui) filter: Rect,
    pub(in crate::tui) body: Rect,
    pub(in crate::tui) footer: Rect,
}

impl Model {
    pub(in crate::tui) fn area(&self) -> Rect {
        Rect::new(0, 0, self.size.width, self.size.height)
    }

    pub(in crate::tui) fn areas(&self, area: Rect) -> Areas {
        let mut header = self.header_height().min(area.height);
        if self.on_host_page() {
            // The host matters more than the banners and the counts of the fleet.
            header = header.min(match area.height {
                height if height <= LOW => 2,
                height if height <= MIDDLE => HEADER,
                _ => header,
            });
        }
        let on_table = matches!(self.screen, Screen::Table);
        let editing = matches!(self.overlay, Overlay::Filter(_));
        let tabs = u16::from(on_table);
        let filter = u16::from(on_table && (editing || !self.table.filter_text.is_empty()));
        let body = area.height.saturating_sub(header + tabs + filter + 1);
        let row = |y: u16, height: u16| Rect::new(area.x, area.y + y, area.width, height);
        Areas {
            header: row(0, header),
            tabs: row(header, tabs),
            filter: row(header + tabs, filter),
            body: row(header + tabs + filter, body),
            footer: row(area.height.saturating_sub(1), 1.min(area.height)),
        }
    }

    /// Banners get one line, and two on a high terminal.
    fn header_height(&self) -> u16 {
        let most = if self.size.height >= 20 { 2 } else { 1 };
        let banners = self.banners(usize::from(self.size.width)).len();
        HEADER + u16::try_from(banners).unwrap_or(u16::MAX).min(most)
    }

    /// Hosts that the table can show at once.
    pub(in crate::tui) fn table_rows(&self) -> usize {
        usize::from(self.areas(self.area()).body.height.saturating_sub(1))
    }

    /// The row of the table on this line of the screen.
    pub(in crate::tui) fn table_row_at(&self, line: u16) -> Option<usize> {
        let body = self.areas(self.area()).body;
        let row = self.table.top + usize::from(line.checked_sub(body.y + 1)?);
        (line < body.bottom() && row < self.table.rows.len()).then_some(row)
    }
}
