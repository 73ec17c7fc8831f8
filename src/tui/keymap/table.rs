//! Every key, where it holds, and what it does.

use crossterm::event::KeyCode::{
    BackTab, Backspace, Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp, Right, Tab, Up,
};

use super::key::{char, ctrl, plain, with_ctrl};
use super::{Binding, Context};
use crate::table::View;
use crate::tui::action::{Action, MenuKind, Move, Side};

/// A row a line: contexts, name in settings, keys, action, hint, help; `_` for no name and for no hint.
macro_rules! bindings {
    ($($contexts:tt $word:tt $keys:tt $action:expr, $hint:tt $help:literal;)*) => {
        &[$(Binding {
            contexts: bindings!(@@ $contexts),
            word: bindings!(@ $word),
            keys: &$keys,
            action: $action,
            hint: bindings!(@ $hint),
            help: $help,
        },)*]
    };
    (@@ ($($context:ident)+)) => { &[$(Context::$context),+] };
    (@@ $context:ident) => { &[Context::$context] };
    (@ _) => { None };
    (@ $text:literal) => { Some($text) };
}

/// Every key.
#[rustfmt::skip]
pub static BINDINGS: &[Binding] = bindings! {
    Global _ [ctrl('c')] Action::Interrupt, _ "stop the scan and quit; again quits at once";
    Global _ [ctrl('z')] Action::Suspend, _ "suspend; fg resumes (not on Windows)";

    Table "open" [plain(Enter), plain(Right), char('l')] Action::Open, "open" "open the host; open or close the group";
    Table "filter" [char('/')] Action::FilterOpen, "filter" "filter: words, tls<1.2, state:flaky, or, ( ), !";
    Table "sort" [char('s')] Action::MenuOpen(MenuKind::Sort), "sort" "choose the column to sort by";
    Table "invert" [char('S')] Action::SortInvert, _ "invert the order";
    Table "next-problem" [char('n')] Action::NextProblem, "problem" "the next host with a problem";
    Table "previous-problem" [char('N')] Action::PreviousProblem, _ "the previous host with a problem";
    Table "mark" [char(' ')] Action::Mark, "mark" "mark the host, or every host of the group";
    Table "mark-rows" [char('M')] Action::MarkCount, _ "mark so many rows from here";
    Table "mark-all" [char('a')] Action::MarkAll, _ "mark every row shown, or none";
    Table "undo-marks" [char('u')] Action::UndoMarks, _ "undo the last change of marks";
    Table "fix" [char('F')] Action::Fix, "fix" "write fixes for marked hosts or this one";
    Table "group" [char('b')] Action::MenuOpen(MenuKind::Groups), "group" "group by finding, remedy, state, issuer, subnet";
    Table "next" [plain(Tab)] Action::Next, "view" "the next view";
    Table "view-all" [char('1')] Action::View(View::All), _ "all hosts";
    Table "view-problems" [char('2')] Action::View(View::Problems), _ "hosts with problems";
    Table "view-expired" [char('3')] Action::View(View::Expired), _ "expired certificates, by days";
    Table "view-expiring" [char('4')] Action::View(View::Expiring), _ "expired, expiring or not yet valid, by days";
    Table "view-dns" [char('5')] Action::View(View::Dns), _ "names and addresses that disagree";
    Table "view-flaky" [char('6')] Action::View(View::Flaky), _ "hosts that do not always answer";
    Table "view-changed" [char('7')] Action::View(View::Changed), _ "what differs from the scan before";
    Table "fold" [char('z')] Action::FoldAll, _ "open every group, or close all";
    Table "close-group" [plain(Left), char('h')] Action::CloseGroup, _ "to the heading of the group, then close it";
    Table "columns" [char('c')] Action::MenuOpen(MenuKind::Columns), _ "choose, order and size the columns";
    Table "columns-right" [char('>')] Action::ColumnsScroll(Side::Right), _ "scroll to further columns";
    Table "columns-left" [char('<')] Action::ColumnsScroll(Side::Left), _ "scroll the columns back";
    Table "saved" [char('v')] Action::MenuOpen(MenuKind::Saved), _ "saved filters and columns";
    Table "back" [plain(Esc)] Action::Back, _ "clear the marks, then the filter; never quits";

    (Host Overview) "back" [plain(Esc), plain(Left), char('h'), plain(Backspace)] Action::Back, "back" "back to the table";
    Host "next-host" [char('n'), with_ctrl(Down)] Action::NextHost, "next host" "the next host, in the order of the table";
    Host "previous-host" [char('N'), with_ctrl(Up)] Action::PreviousHost, "previous" "the previous host";
    Host "next" [plain(Tab), plain(Enter), plain(Right), char('l')] Action::Next, "section" "scroll to the next section";
    Host _ [char('1')] Action::Section(0), _ "the section of that number";
    Host _ [char('2')] Action::Section(1), _ "the section of that number";
    Host _ [char('3')] Action::Section(2), _ "the section of that number";
    Host _ [char('4')] Action::Section(3), _ "the section of that number";
    Host _ [char('5')] Action::Section(4), _ "the section of that number";
    Host _ [char('6')] Action::Section(5), _ "the section of that number";
    Host _ [char('7')] Action::Section(6), _ "the section of that number";
    Host _ [char('8')] Action::Section(7), _ "the section of that number";

    Overview "open" [plain(Enter), plain(Right), char('l')] Action::Open, "its hosts" "the hosts behind the marked bar";
    Overview "next" [plain(Tab)] Action::Next, "panel" "the next panel";

    (Table Host) "copy" [char('y')] Action::MenuOpen(MenuKind::Copy), "copy" "copy a name, a thumbprint, a remedy";
    Host "handbook" [char('i')] Action::MenuOpen(MenuKind::Handbook), "handbook" "read about a code, a finding or a remedy";
    (Table Host) "programs" [char('!')] Action::MenuOpen(MenuKind::Programs), "run" "connect to the host, or run a program on it";
    Host "acknowledge" [char('a')] Action::MenuOpen(MenuKind::Acknowledge), "ack" "acknowledge a finding until a day";
    Host "fix" [char('F')] Action::Fix, "fix" "write fixes for this host";
    (Table Host Overview) "pause" [char('p'), char('P')] Action::Pause, "pause" "pause or resume the scan";
    (Table Host Overview) "export" [char('e')] Action::MenuOpen(MenuKind::Export), "export" "write the marked rows, or what is shown";
    (Table Host Overview) "previous" [plain(BackTab)] Action::Previous, _ "the previous view, section or panel";
    (Table Host) "probe-again" [char('r')] Action::Reprobe, _ "re-probe the marked hosts, this one or a group";
    (Table Overview) "overview" [char('o')] Action::Overview, "overview" "the overview, and back";
    Host "overview" [char('o')] Action::Overview, _ "the overview, and back";
    (Table Host Overview) "actions" [char(':')] Action::MenuOpen(MenuKind::Commands), "actions" "every action by name";
    (Table Host Overview) "freeze" [char('f')] Action::Freeze, _ "freeze or unfreeze the display";
    (Table Host Overview) "skip" [char('x')] Action::Skip, _ "skip the slowest host";
    (Table Host Overview) "rescan" [char('R')] Action::Rescan, _ "rescan everything (asks first)";
    (Table Host Overview) "legend" [char('L')] Action::Legend, "signs" "what every sign means";
    (Table Host Overview) "theme" [char('t')] Action::NextPalette, _ "next colours: dark, light, mono, colour-blind";
    (Table Host Overview) "mouse" [char('m')] Action::Mouse, _ "mouse on or off";
    (Table Host Overview) "help" [char('?'), plain(F(1))] Action::Help, "help" "these keys";
    (Table Host Overview) "quit" [char('q')] Action::Quit, "quit" "quit; asks while the scan runs, or is not saved";
    (Table Host Overview) "up" [plain(Up), char('k')] Action::Move(Move::Up), _ "one line up";
    (Table Host Overview) "down" [plain(Down), char('j')] Action::Move(Move::Down), _ "one line down";
    (Table Host Overview) "page-up" [plain(PageUp), ctrl('b')] Action::Move(Move::PageUp), _ "a screenful up";
    (Table Host Overview) "page-down" [plain(PageDown), ctrl('f')] Action::Move(Move::PageDown), _ "a screenful down";
    (Table Host Overview) "half-up" [ctrl('u')] Action::Move(Move::HalfUp), _ "half a screenful up";
    (Table Host Overview) "half-down" [ctrl('d')] Action::Move(Move::HalfDown), _ "half a screenful down";
    (Table Host Overview) "top" [plain(Home), char('g')] Action::Move(Move::Top), _ "to the top; in the table the first row (pinned)";
    (Table Host Overview) "bottom" [plain(End), char('G')] Action::Move(Move::Bottom), _ "to the bottom";

    Filter _ [plain(Enter)] Action::FilterAccept, "keep" "keep the filter";
    Filter _ [plain(Tab)] Action::Complete, "complete" "insert a suggestion; after a field, a value";
    Filter _ [plain(BackTab)] Action::CompleteOther, "another" "replace it by the next suggestion";
    (Filter Commands Prompt) _ [plain(F(1)), ctrl('g')] Action::Help, "help" "these keys";
    Filter _ [plain(Esc)] Action::FilterCancel, "cancel" "restore the filter";
    Filter _ [plain(Up)] Action::FilterRecall(Side::Left), "earlier" "the filter before this one";
    Filter _ [plain(Down)] Action::FilterRecall(Side::Right), _ "the filter after this one";
    Filter _ [plain(PageUp)] Action::Move(Move::PageUp), _ "a screenful of rows up";
    Filter _ [plain(PageDown)] Action::Move(Move::PageDown), _ "a screenful of rows down";

    Menu _ [plain(Enter), plain(Right), char(' ')] Action::MenuPick, "pick" "pick the line; its letter does the same";
    Menu _ [plain(Up), char('k')] Action::Move(Move::Up), _ "mark the line above";
    Menu _ [plain(Down), char('j')] Action::Move(Move::Down), _ "mark the line below";
    (Menu Columns) _ [char('?'), plain(F(1))] Action::Help, "help" "these keys";
    Menu _ [plain(Esc), plain(Left), char('h'), char('q'), plain(Backspace)] Action::Back, "back" "close";

    Sort _ [char('S')] Action::SortInvert, "invert" "invert the order";

    Columns _ [char(' '), plain(Enter)] Action::ColumnToggle, "show or hide" "show the marked column, or hide it";
    Columns _ [plain(Up), char('k')] Action::Move(Move::Up), _ "mark the column above";
    Columns _ [plain(Down), char('j')] Action::Move(Move::Down), _ "mark the column below";
    Columns _ [plain(Left), char('h')] Action::ColumnSize(Side::Left), "narrower" "one cell narrower";
    Columns _ [plain(Right), char('l')] Action::ColumnSize(Side::Right), "wider" "one cell wider";
    Columns _ [plain(PageUp), char('u')] Action::ColumnMove(Side::Left), "further left" "one place to the left";
    Columns _ [plain(PageDown), char('d')] Action::ColumnMove(Side::Right), "further right" "one place to the right";
    Columns _ [char('r')] Action::ColumnsReset, "reset" "the default columns";
    Columns _ [plain(Esc), char('c'), char('q'), plain(Backspace)] Action::Back, "back" "close; the columns are remembered";

    Commands _ [plain(Enter)] Action::MenuPick, "run" "run the marked action";
    Commands _ [plain(Up)] Action::Move(Move::Up), _ "mark the line above";
    Commands _ [plain(Down)] Action::Move(Move::Down), _ "mark the line below";
    Commands _ [plain(PageUp)] Action::Move(Move::PageUp), _ "a screenful up";
    Commands _ [plain(PageDown)] Action::Move(Move::PageDown), _ "a screenful down";
    Commands _ [plain(Esc)] Action::Back, "back" "close";

    Prompt _ [plain(Enter)] Action::PromptAccept, "accept" "accept the text";
    Prompt _ [plain(Esc)] Action::Back, "cancel" "cancel";

    Help _ [plain(Esc), plain(F(1)), plain(Enter)] Action::Back, "close" "close; other keys are typed to search";
    Help _ [plain(Up)] Action::Move(Move::Up), "scroll" "scroll up";
    Help _ [plain(Down)] Action::Move(Move::Down), _ "scroll down";
    (Help Entry) _ [plain(PageUp), ctrl('b')] Action::Move(Move::PageUp), _ "a screenful up";
    Help _ [plain(PageDown), ctrl('f')] Action::Move(Move::PageDown), _ "a screenful down";
    Help _ [plain(Home)] Action::Move(Move::Top), _ "to the top";
    Help _ [plain(End)] Action::Move(Move::Bottom), _ "to the bottom";

    Entry _ [plain(Esc), char('i'), char('q'), plain(Left), char('h')] Action::Back, "back" "close the entry";
    Entry _ [plain(Up), char('k')] Action::Move(Move::Up), "scroll" "scroll up";
    Entry _ [plain(Down), char('j')] Action::Move(Move::Down), _ "scroll down";
    Entry _ [plain(PageDown), ctrl('f'), char(' ')] Action::Move(Move::PageDown), _ "a screenful down";
    Entry _ [plain(Home), char('g')] Action::Move(Move::Top), _ "to the top";
    Entry _ [plain(End), char('G')] Action::Move(Move::Bottom), _ "to the bottom";

    Quit _ [char('y'), char('q'), plain(Enter)] Action::QuitConfirmed, "quit" "stop the scan and quit";
    Quit _ [char('n'), plain(Esc)] Action::Back, "continue" "continue scanning";

    Unsaved _ [char('s'), plain(Enter)] Action::QuitSaving, "save, quit" "save the scan as JSON in this folder, and quit";
    Unsaved _ [char('y')] Action::QuitConfirmed, "quit unsaved" "quit and discard the results";
    Unsaved _ [char('n'), plain(Esc)] Action::Back, "stay" "cancel";

    Rescan _ [char('y'), plain(Enter)] Action::RescanConfirmed, "rescan" "rescan";
    (Rescan Fix) _ [char('n'), char('q'), plain(Esc)] Action::Back, "cancel" "cancel";

    Fix _ [char('y'), plain(Enter)] Action::FixConfirmed, "write" "write the folder";
};
