//! Lists of targets: their words, lines and comments.

pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    // No name and no address has quotation marks.
    text.split(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ';'))
        .map(|word| word.trim_matches(['"', '\'']))
        .filter(|word| !word.is_empty())
}

/// Words with their line numbers from 1. `#` starts a comment.
pub(super) fn list_words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).flat_map(|(line, content)| {
        let before_comment = content.split('#').next().unwrap_or_default();
        words(without_bullet(before_comment)).map(move |word| (line, word))
    })
}

/// A line without the sign of a list item: `- srv01`, `2. srv02`.
fn without_bullet(line: &str) -> &str {
    let line = line.trim_start();
    let (first, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    let number = first.strip_suffix(['.', ')']).unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    if !rest.trim().is_empty() && (matches!(first, "-" | "*" | "•" | "–") || is_number) {
        rest
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_split_at_lines_commas_semicolons_and_spaces() {
        let list = "a, 'b';\"c\"\r\n\r\n# all of it\n d\te # rest\n\u{a0}f\n- g\n 12) h\n-";
        let found: Vec<_> = list_words(list).collect();
        assert_eq!(
            found,
            [
                (1, "a"),
                (1, "b"),
                (1, "c"),
                (4, "d"),
                (4, "e"),
                (5, "f"),
                (6, "g"),
                (7, "h"),
                (8, "-")
            ]
        );
    }
}
