//! Pages between what they say and how it is shown: text, Markdown and the screen are renderings of them.

use std::borrow::Cow;

use serde::Serialize;

use crate::model::Severity;

#[derive(Debug, Default)]
pub struct Page {
    /// Empty for a page of notes.
    pub title: String,
    /// A line below the title.
    pub line: Option<String>,
    pub sections: Vec<Section>,
    /// Texts quote the network, made safe for a terminal: Markdown escapes all of them.
    pub quotes_network: bool,
}

#[derive(Debug, Default)]
pub struct Section {
    /// Empty for the text below the title.
    pub heading: &'static str,
    pub paragraphs: Vec<String>,
    pub items: Vec<Item>,
    pub numbered: bool,
}

impl Section {
    #[must_use]
    pub fn text(heading: &'static str, paragraphs: Vec<String>) -> Self {
        Self {
            heading,
            paragraphs,
            ..Self::default()
        }
    }

    #[must_use]
    pub fn list(heading: &'static str, items: impl IntoIterator<Item = Item>) -> Self {
        Self {
            heading,
            items: items.into_iter().collect(),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn steps(heading: &'static str, items: impl IntoIterator<Item = Item>) -> Self {
        Self {
            numbered: true,
            ..Self::list(heading, items)
        }
    }
}

#[derive(Debug, Default, Serialize)]
pub struct Item {
    /// A key in front of the text.
    pub label: String,
    pub text: String,
    /// How bad it is, which the screen shows as a sign and a colour.
    pub mark: Option<Severity>,
    /// It is about a finding that does not count, which the screen dims.
    #[serde(skip)]
    pub is_acknowledged: bool,
    /// Lines below the text, each with a word in front.
    pub below: Vec<(&'static str, String)>,
    pub code: Vec<Code>,
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
#[derive(Debug, Serialize)]
pub struct Code {
    /// The shell, and whether the commands change anything.
    pub label: String,
    pub language: &'static str,
    pub lines: Vec<Cow<'static, str>>,
}
