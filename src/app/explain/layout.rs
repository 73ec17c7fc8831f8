//! Pages between handbook and output: text and Markdown are two renderings of them.

#[derive(Debug, Default)]
pub(super) struct Page {
    /// Empty for a page of notes.
    pub(super) title: String,
    /// A line below the title.
    pub(super) line: Option<String>,
    pub(super) sections: Vec<Section>,
}

#[derive(Debug, Default)]
pub(super) struct Section {
    /// Empty for the text below the title.
    pub(super) heading: &'static str,
    pub(super) paragraphs: Vec<String>,
    pub(super) items: Vec<Item>,
    pub(super) numbered: bool,
}

impl Section {
    pub(super) fn text(heading: &'static str, paragraphs: Vec<String>) -> Self {
        Self {
            heading,
            paragraphs,
            ..Self::default()
        }
    }

    pub(super) fn list(heading: &'static str, items: impl IntoIterator<Item = Item>) -> Self {
        Self {
            heading,
            items: items.into_iter().collect(),
            ..Self::default()
        }
    }

    pub(super) fn steps(heading: &'static str, items: impl IntoIterator<Item = Item>) -> Self {
        Self {
            numbered: true,
            ..Self::list(heading, items)
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Item {
    /// A key in front of the text.
    pub(super) label: String,
    pub(super) text: String,
    /// Lines below the text, each with a word in front.
    pub(super) below: Vec<(&'static str, String)>,
    pub(super) code: Vec<Code>,
}

impl From<&String> for Item {
    fn from(text: &String) -> Self {
        Self {
            text: text.clone(),
            ..Self::default()
        }
    }
}

/// Commands, shown as they are pasted.
#[derive(Debug)]
pub(super) struct Code {
    /// The shell, and whether the commands change anything.
    pub(super) label: String,
    pub(super) language: &'static str,
    pub(super) lines: Vec<&'static str>,
}
