//! Network text made safe, with one function per sink.
//!
//! Certificate names, NTLM names and DNS answers come from peers. The model keeps them raw, and every sink sanitizes them here.
//! Safe text is returned borrowed.
//!
//! An unsafe character becomes one U+FFFD, so that it is visible and columns keep their width. Without it `pay\u{200b}roll` would
//! look like `payroll`.

use std::borrow::Cow;
use std::path::Path;

const REPLACEMENT: char = '\u{FFFD}';

/// The most combining marks in sequence: enough for Vietnamese and pointed Hebrew, too few to cover neighbouring rows.
const MOST_MARKS: usize = 3;

/// For a terminal: no control codes (C0, DEL, C1, hence no escape sequence, newline or tab), no bidirectional controls,
/// nothing invisible (zero-width, fillers, tags, stray variation selectors), no line or paragraph separators, no long sequences
/// of combining marks and none at the start, where they would combine with the neighbouring cell.
#[must_use]
pub fn terminal(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut run = Run::default();
    if text.chars().all(|character| run.admits(character)) {
        return Cow::Borrowed(text);
    }
    let mut run = Run::default();
    let shown = |character| {
        if run.admits(character) {
            character
        } else {
            REPLACEMENT
        }
    };
    Cow::Owned(text.chars().map(shown).collect())
}

/// A path for a terminal.
#[must_use]
pub fn path(path: &Path) -> String {
    terminal(&path.to_string_lossy()).into_owned()
}

/// For error messages of an operating system or a resolver: as [`terminal`], but line breaks, tabs and runs of blanks become one
/// space, and the ends are trimmed.
#[must_use]
pub fn single_line(text: &str) -> Cow<'_, str> {
    let blank = |character: char| {
        matches!(
            character,
            ' ' | '\t' | '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let tidy = !text.starts_with(blank)
        && !text.ends_with(blank)
        && !text.contains(|character: char| character != ' ' && blank(character))
        && !text.contains("  ");
    if tidy {
        return terminal(text);
    }
    let words: Vec<&str> = text.split(blank).filter(|word| !word.is_empty()).collect();
    Cow::Owned(terminal(&words.join(" ")).into_owned())
}

/// For a text of several lines, such as an error with a list: as [`terminal`], and its line breaks stay.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return terminal(text);
    }
    let lines: Vec<_> = text.split('\n').map(terminal).collect();
    Cow::Owned(lines.join("\n"))
}

/// The most characters of a value that a message repeats.
const EXCERPT: usize = 80;

/// A value that a message repeats, wherever it came from: what is unsafe in a terminal is escaped, as in `\u{1b}`, so that the user
/// sees it, and long values are cut.
#[must_use]
pub fn excerpt(value: &str) -> String {
    let mut run = Run::default();
    let mut text = String::with_capacity(value.len().min(EXCERPT));
    for (at, character) in value.chars().enumerate() {
        if at == EXCERPT {
            text.push('…');
            break;
        }
        if run.admits(character) {
            text.push(character);
        } else {
            text.extend(character.escape_default());
        }
    }
    text
}

/// For a CSV cell in a spreadsheet: as [`terminal`], with `'` before a formula. A semicolon starts a cell as well, since it is the
/// separator in much of Europe, despite the quotes; some versions also parse full-width signs.
///
/// Not for numbers of this program, which may begin with a minus.
#[must_use]
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    let safe = terminal(text);
    let starts_formula = |part: &str| {
        part.trim_start_matches(|character: char| character.is_whitespace() || character == '"')
            .starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
    };
    if !safe.split(';').any(starts_formula) {
        return safe;
    }
    let parts: Vec<Cow<'_, str>> = safe
        .split(';')
        .map(|part| {
            if starts_formula(part) {
                Cow::Owned(format!("'{part}"))
            } else {
                Cow::Borrowed(part)
            }
        })
        .collect();
    Cow::Owned(parts.join(";"))
}

/// For a line of Markdown text: as [`terminal`], with a backslash before each mark that would be syntax where it stands (`CommonMark`
/// with the extensions of GitHub): no link, image, table cell, HTML, code or list.
#[must_use]
pub fn markdown(text: &str) -> Cow<'_, str> {
    let safe = terminal(text);
    if !safe.contains(|character: char| character.is_ascii_punctuation()) {
        return safe;
    }
    let mut escaped = String::with_capacity(safe.len() + 16);
    for (at, character) in safe.char_indices() {
        if is_markup(&safe, at, character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    Cow::Owned(escaped)
}

/// Whether the character at this place of the line is syntax of Markdown.
fn is_markup(line: &str, at: usize, character: char) -> bool {
    let (before, rest) = line.split_at_checked(at).unwrap_or_default();
    let after = rest.strip_prefix(character).unwrap_or_default();
    let next = after.chars().next();
    let is_word = |side: Option<char>| side.is_some_and(char::is_alphanumeric);
    let is_first = before.trim_start().is_empty();
    let ends_here = next.is_none_or(char::is_whitespace);
    match character {
        // Code, emphasis, links, tables; strikethrough, formulas and addresses of GitHub.
        '`' | '*' | '[' | '|' | '<' | '~' | '$' | '@' => true,
        '_' => !(is_word(before.chars().next_back()) && is_word(next)),
        '\\' => !is_word(next) && next != Some(' '),
        // A character reference.
        '&' => is_word(next) || next == Some('#'),
        // Addresses that become links without brackets; the rule of a table.
        ':' => after.starts_with("//") || (is_first && next == Some('-')),
        '.' if ends_with_www(before) => true,
        // The number of a list.
        '.' | ')' => {
            let number = before.trim_start();
            ends_here && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        // At the end, those of a heading are left out.
        '#' => is_first || after.trim_end_matches(['#', ' ']).is_empty(),
        '>' | '=' => is_first,
        '-' | '+' => is_first && (ends_here || matches!(next, Some('-' | ':'))),
        _ => false,
    }
}

fn ends_with_www(text: &str) -> bool {
    let start = text.len().saturating_sub(3);
    (text.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

/// For HTML text and quoted attribute values: as [`terminal`], with the five special characters as references. Not for scripts,
/// styles or URLs.
#[must_use]
pub fn html(text: &str) -> Cow<'_, str> {
    let safe = terminal(text);
    if !safe.contains(['&', '<', '>', '"', '\'']) {
        return safe;
    }
    let mut escaped = String::with_capacity(safe.len() + 16);
    for character in safe.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// For serialised JSON: as [`terminal`], but unsafe characters become `\u` escapes, which are the same inside a JSON string. Line feeds
/// stay, since they are layout.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut run = Run::default();
    if text.chars().all(|c| c == '\n' || run.admits(c)) {
        return Cow::Borrowed(text);
    }
    let mut run = Run::default();
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if character == '\n' || run.admits(character) {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            escaped.extend([format!("\\u{unit:04x}")]);
        }
    }
    Cow::Owned(escaped)
}

/// The state before the next character.
#[derive(Default)]
struct Run {
    /// A visible character precedes, which can have marks.
    based: bool,
    /// The number of combining marks since then.
    marks: usize,
    /// A variation selector (text or emoji) may follow.
    styled: bool,
}

impl Run {
    /// Whether the next character is safe.
    fn admits(&mut self, character: char) -> bool {
        if matches!(character, '\u{FE0E}' | '\u{FE0F}') {
            return std::mem::take(&mut self.styled);
        }
        if is_combining(character) {
            self.styled = false;
            self.marks += 1;
            return self.based && self.marks <= MOST_MARKS;
        }
        let shown = !is_unsafe(character);
        self.marks = 0;
        self.based = true;
        self.styled = shown && !character.is_alphanumeric() && character > '\u{A8}';
        shown
    }
}

/// Characters that control a terminal, reorder text, or are invisible.
const fn is_unsafe(character: char) -> bool {
    matches!(character,
        // C0, DEL and C1, which hold ESC, CSI, OSC and every line break of ASCII.
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}'
        // Soft hyphen, grapheme joiner, Arabic letter mark, Hangul and Khmer fillers.
        | '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        // Mongolian variation selectors and vowel separator.
        | '\u{180B}'..='\u{180F}'
        // Zero-width characters and marks, separators, embeddings, overrides, isolates, invisible operators.
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        // Fillers, variation selectors 1 to 14 (15 and 16 depend on the character before), byte order mark.
        | '\u{3164}' | '\u{FE00}'..='\u{FE0D}' | '\u{FEFF}' | '\u{FFA0}'
        // Interlinear annotation and unassigned specials; noncharacters.
        | '\u{FFF0}'..='\u{FFFB}' | '\u{FDD0}'..='\u{FDEF}' | '\u{FFFE}' | '\u{FFFF}'
        // Shorthand and musical format controls.
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        // Tags and variation selectors 17 to 256, which can encode hidden messages.
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Combining marks of their own blocks, and of scripts with stacked marks.
const fn is_combining(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{34E}' | '\u{350}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5BD}'
        | '\u{610}'..='\u{61A}' | '\u{64B}'..='\u{65F}' | '\u{6D6}'..='\u{6DC}' | '\u{E31}'
        | '\u{E34}'..='\u{E3A}' | '\u{E47}'..='\u{E4E}' | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{302A}'..='\u{302D}'
        | '\u{3099}' | '\u{309A}' | '\u{FE20}'..='\u{FE2F}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};

    use super::*;
    use crate::kit::nasty_names;

    #[test]
    fn the_corpus_holds_every_kind_of_attack() {
        let corpus = nasty_names();
        for wanted in [
            "\u{1b}]", "\u{202e}", "\u{200b}", "\0", "\n", "=cmd|", "@SUM", "<script>", "|", "`",
            "'; rm",
        ] {
            assert!(
                corpus.iter().any(|name| name.contains(wanted)),
                "{wanted:?}"
            );
        }
        assert!(corpus.iter().any(|name| name.len() > 4000));
    }

    #[test]
    fn nothing_unsafe_survives_any_sink() {
        for name in nasty_names() {
            for safe in [
                terminal(&name),
                single_line(&name),
                csv_cell(&name),
                markdown(&name),
                html(&name),
            ] {
                assert!(!safe.chars().any(char::is_control), "{safe:?}");
                assert!(!safe.chars().any(is_unsafe), "{safe:?}");
            }
        }
    }

    /// Text of what is special to a sink or to a terminal, among anything.
    fn any_text() -> impl Strategy<Value = String> {
        let special: Vec<char> = nasty_names().concat().chars().collect();
        let character = prop_oneof![proptest::sample::select(special), any::<char>()];
        proptest::collection::vec(character, 0..40).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn no_text_is_unsafe_in_any_sink(text in any_text()) {
            let quoted = serde_json::to_string(&text).unwrap();
            let written = json(&quoted).into_owned();
            prop_assert_eq!(&serde_json::from_str::<String>(&written).unwrap(), &text);
            let shown = lines(&text).replace(['\n', '\t'], "");
            for safe in [
                terminal(&text).into_owned(),
                single_line(&text).into_owned(),
                csv_cell(&text).into_owned(),
                markdown(&text).into_owned(),
                html(&text).into_owned(),
                excerpt(&text),
                written,
                shown,
            ] {
                prop_assert!(!safe.contains(is_unsafe), "{safe:?}");
            }
            let once = terminal(&text).into_owned();
            prop_assert_eq!(terminal(&once), &*once);
            prop_assert!(!html(&text).contains(['<', '>', '"', '\'']));
        }
    }

    #[test]
    fn every_sink_is_idempotent_where_it_must_be() {
        for name in nasty_names() {
            let once = terminal(&name).into_owned();
            assert_eq!(terminal(&once), once);
            let once = single_line(&name).into_owned();
            assert_eq!(single_line(&once), once);
        }
    }

    #[test]
    fn terminal_replaces_one_for_one() {
        for name in nasty_names() {
            assert_eq!(terminal(&name).chars().count(), name.chars().count());
        }
    }

    #[test]
    fn no_csv_cell_is_a_formula_in_either_dialect() {
        for name in nasty_names() {
            for part in csv_cell(&name).split(';') {
                let first = part.trim_start_matches([' ', '"']).chars().next();
                assert!(
                    !matches!(
                        first,
                        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
                    ),
                    "{part:?}"
                );
            }
        }
    }

    #[test]
    fn no_markup_survives_html() {
        for name in nasty_names() {
            assert!(!html(&name).contains(['<', '>', '"', '\'']), "{name:?}");
        }
    }

    #[test]
    fn markdown_escapes_marks_and_nothing_else() {
        for (text, escaped) in [
            ("a|b `c` <d> [e](f)", r"a\|b \`c\` \<d> \[e](f)"),
            (
                "host: srv_05 (10.0.0.5:3389), 100 %",
                "host: srv_05 (10.0.0.5:3389), 100 %",
            ),
            ("_a_ *b* ~c~ $d$", r"\_a\_ \*b\* \~c\~ \$d\$"),
            (r"C:\Windows \* \", r"C:\Windows \\\* \\"),
            ("R&D &amp; &#65; & ", r"R\&D \&amp; \&#65; & "),
            (
                "https://a www.b WWW.c x@d",
                r"https\://a www\.b WWW\.c x\@d",
            ),
            ("10.0.0.5", "10.0.0.5"),
            ("12. a", r"12\. a"),
            ("1) a", r"1\) a"),
            ("- a - b", r"\- a - b"),
            ("-a + b", "-a + b"),
            ("# a # b ##", r"\# a # b \#\#"),
            ("> a > b", r"\> a > b"),
        ] {
            assert_eq!(markdown(text), escaped);
        }
    }

    proptest! {
        #[test]
        fn escaped_markdown_is_shown_as_it_was(
            text in r"([ -~]|[ab1 .)_*`\[\]\\#>=|~&;:/<-]){1,24}",
        ) {
            let text = single_line(&text).into_owned();
            let escaped = markdown(&text);
            for page in [
                format!("{escaped}\n"),
                format!("# {escaped}\n"),
                format!("- {escaped}\n"),
                format!("a\n{escaped}\n"),
                format!("| a |\n|---|\n| {escaped} |\n"),
            ] {
                let mut shown = String::new();
                for event in Parser::new_ext(&page, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH
                    | Options::ENABLE_FOOTNOTES | Options::ENABLE_TASKLISTS | Options::ENABLE_MATH | Options::ENABLE_GFM)
                {
                    match event {
                        Event::Text(text) => shown.push_str(&text),
                        Event::SoftBreak => shown.push('\n'),
                        Event::Start(Tag::Paragraph | Tag::Heading { level: HeadingLevel::H1, .. }
                            | Tag::List(None) | Tag::Item | Tag::Table(_) | Tag::TableHead | Tag::TableRow | Tag::TableCell)
                        | Event::End(_) => {}
                        other => prop_assert!(false, "{other:?} in {page:?}"),
                    }
                }
                prop_assert_eq!(shown.trim_start_matches(['a', '\n']), text.trim_start_matches('a'), "{}", page);
            }
        }
    }

    #[test]
    fn json_is_safe_to_show_and_says_the_same() {
        for name in nasty_names() {
            let written = serde_json::to_string_pretty(&[&name]).unwrap();
            let safe = json(&written);
            assert!(
                !safe
                    .chars()
                    .any(|c| c != '\n' && (c.is_control() || is_unsafe(c))),
                "{safe:?}"
            );
            let read: Vec<String> = serde_json::from_str(&safe).unwrap();
            assert_eq!(read, [name]);
        }
    }

    #[test]
    fn an_excerpt_stays_on_one_line_and_short() {
        assert_eq!(excerpt("a\nb\u{202e}\"c\\"), "a\\nb\\u{202e}\"c\\");
        assert_eq!(excerpt("\u{1b}[31m\u{9b}"), "\\u{1b}[31m\\u{9b}");
        assert_eq!(excerpt(&"x".repeat(500)).chars().count(), EXCERPT + 1);
        for name in nasty_names() {
            let shown = excerpt(&name);
            assert_eq!(terminal(&shown), shown);
        }
    }

    #[test]
    fn lines_keep_their_breaks_and_nothing_else() {
        assert_eq!(lines("a\nb\u{1b}\r\nc"), "a\nb\u{FFFD}\u{FFFD}\nc");
    }

    #[test]
    fn plain_text_is_not_copied() {
        for name in [
            "srv05.corp.example",
            "Ærøskøbing",
            "東京サーバー",
            "München",
        ] {
            assert!(matches!(terminal(name), Cow::Borrowed(_)), "{name}");
            assert!(matches!(single_line(name), Cow::Borrowed(_)), "{name}");
        }
    }

    #[test]
    fn ordinary_world_text_stays_whole() {
        for name in [
            "e\u{301}cole",
            "ประเทศไทย",
            "العربية",
            "עברית",
            "☎\u{fe0f} desk",
            "🖥 host",
        ] {
            assert_eq!(terminal(name), name);
        }
    }

    #[test]
    fn marks_do_not_pile_up_or_lead() {
        assert_eq!(terminal("\u{301}a"), "\u{FFFD}a");
        assert_eq!(
            terminal("a\u{301}\u{301}\u{301}\u{301}"),
            "a\u{301}\u{301}\u{301}\u{FFFD}"
        );
    }

    #[test]
    fn variation_selectors_need_a_symbol_and_come_once() {
        assert_eq!(terminal("a\u{fe0f}"), "a\u{FFFD}");
        assert_eq!(terminal("☎\u{fe0f}\u{fe0f}"), "☎\u{fe0f}\u{FFFD}");
        assert_eq!(terminal("☎\u{fe01}"), "☎\u{FFFD}");
    }

    #[test]
    fn single_line_folds_layout() {
        assert_eq!(
            single_line("  no such\r\n\thost  known\u{2028}"),
            "no such host known"
        );
    }

    #[test]
    fn csv_cell_guards_only_what_needs_it() {
        assert_eq!(csv_cell("srv-05"), "srv-05");
        assert_eq!(csv_cell("=1+1"), "'=1+1");
        assert_eq!(csv_cell("a; -1"), "a;' -1");
        assert_eq!(csv_cell("\t=1"), "\u{FFFD}=1");
    }
}
