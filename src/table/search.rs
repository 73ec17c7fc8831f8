//! Words of a filter, looked for in what people read of every field.

use std::cell::LazyCell;

use super::fields::Field;
use crate::fleet::Host;

/// Where words are looked for, with the text of one host after another.
pub(super) struct Searched {
    text: SearchedText,
    /// Fields with dates, whose text is long and rarely wanted.
    dates: SearchedText,
}

#[derive(Default)]
struct SearchedText {
    fields: Vec<Field>,
    /// Written when a word is first looked for.
    text: String,
}

impl Searched {
    /// Prepares to look for these words, which are in lower case.
    pub(super) fn new(words: &[&str]) -> Self {
        let of = |dates: bool| SearchedText {
            fields: Field::of_rows()
                .filter(|field| field.is_date() == dates)
                .filter(|field| words.iter().any(|word| field.can_contain(word)))
                .collect(),
            text: String::new(),
        };
        Self {
            text: of(false),
            dates: of(true),
        }
    }

    /// Forgets the host before.
    pub(super) fn clear(&mut self) {
        self.text.text.clear();
        self.dates.text.clear();
    }

    /// Whether a field of the host contains the word. INVARIANT: the host is the same since [`Self::clear`].
    pub(super) fn contains(&mut self, host: &Host, word: &str) -> bool {
        self.text.contains(host, word)
            || (super::fields::is_start_of_date(word) && self.dates.contains(host, word))
    }
}

impl SearchedText {
    fn contains(&mut self, host: &Host, word: &str) -> bool {
        if self.text.is_empty() {
            let history = LazyCell::new(|| host.history());
            for field in &self.fields {
                field.write(host, || &history, &mut self.text);
                self.text.push('\n');
            }
            if self.text.is_ascii() {
                self.text.make_ascii_lowercase();
            } else {
                self.text = self.text.to_lowercase();
            }
        }
        self.text.contains(word)
    }
}
