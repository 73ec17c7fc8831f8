//! Texts as search compares them: lower case, without accents, cut into words.

/// Lower case, with full-width letters as narrow ones and letters without their accents; German umlauts as they are written
/// without them, for the handbook's own texts are ASCII.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase) {
        let plain = match character {
            'ä' | 'æ' => "ae",
            'ö' | 'œ' => "oe",
            'ü' => "ue",
            'ß' => "ss",
            'à' | 'á' | 'â' | 'ã' | 'å' => "a",
            'ç' => "c",
            'è' | 'é' | 'ê' | 'ë' => "e",
            'ì' | 'í' | 'î' | 'ï' => "i",
            'ñ' => "n",
            'ò' | 'ó' | 'ô' | 'õ' => "o",
            'ù' | 'ú' | 'û' => "u",
            // A dot above, left over from the lower case of a Turkish I, and accents that stand alone.
            '\u{300}'..='\u{36F}' => "",
            '\u{3000}' => " ",
            '’' | '‘' => "'",
            // Full-width forms stand in the order of ASCII.
            '\u{FF01}'..='\u{FF5E}' => {
                let narrow = u32::from(character).wrapping_sub(0xFEE0);
                folded.extend(char::from_u32(narrow).map(|narrow| narrow.to_ascii_lowercase()));
                continue;
            }
            other => {
                folded.push(other);
                continue;
            }
        };
        folded.push_str(plain);
    }
    folded
}

/// The words of a folded text. Chinese and Japanese are written without blanks: there each pair of neighbouring characters is one.
pub(super) fn words(folded: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for run in folded.split(|character: char| !character.is_alphanumeric()) {
        let mut rest = run;
        while let Some(first) = rest.chars().next() {
            let wide = is_wide(first);
            let end = rest
                .find(|character| is_wide(character) != wide)
                .unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            rest = after;
            if wide {
                pairs(part, &mut words);
            } else {
                words.push(part);
            }
        }
    }
    words
}

fn pairs<'a>(run: &'a str, words: &mut Vec<&'a str>) {
    let ends: Vec<usize> = run
        .char_indices()
        .map(|(start, character)| start + character.len_utf8())
        .collect();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let before = words.len();
    words.extend(
        starts
            .zip(ends.iter().skip(1))
            .filter_map(|(start, end)| run.get(start..*end)),
    );
    if words.len() == before {
        words.push(run);
    }
}

/// Kana, Han and Hangul, with the marks that stand among them.
fn is_wide(character: char) -> bool {
    matches!(character, '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_full_width_forms_do_not_matter() {
        assert_eq!(folded("Ｅｒｒｏｒ：０ｘ９０４"), "error:0x904");
        assert_eq!(
            folded("Fehler: Größe d’ouverture"),
            "fehler: groesse d'ouverture"
        );
        assert_eq!(folded("Código de E\u{301}tat"), "codigo de etat");
    }

    #[test]
    fn a_text_without_blanks_is_cut_into_pairs_of_characters() {
        assert_eq!(words("an error, 0x904"), ["an", "error", "0x904"]);
        assert_eq!(words("错误代码0x904"), ["错误", "误代", "代码", "0x904"]);
        assert_eq!(words("エ ラー"), ["エ", "ラー"]);
    }
}
