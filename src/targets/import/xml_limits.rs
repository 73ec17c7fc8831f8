//! Limits of XML beyond those of its parser, whose time grows with the square of these counts.

use super::super::error::Refusal;

/// The most attributes of one element; a connection of mRemoteNG has about 150.
const MOST_ATTRIBUTES: usize = 1000;
/// The most namespaces that a file declares; none of the tools has more than one.
const MOST_NAMESPACES: usize = 64;

pub(super) fn check(text: &str) -> Result<(), Refusal> {
    let refusal = |what: String| {
        Refusal::new(
            format!("it is no file of RDCMan or mRemoteNG: {what}"),
            "export it again, or give a list with one host per line",
        )
    };
    let mut namespaces = 0;
    let mut rest = text;
    while let Some((_, markup)) = rest.split_once('<') {
        let (attributes, behind) = match Markup::of(markup) {
            Markup::Tag => attributes(markup, &mut namespaces),
            Markup::Other(end) => (0, markup.split_once(end).map_or("", |(_, behind)| behind)),
        };
        if attributes > MOST_ATTRIBUTES {
            return Err(refusal(format!(
                "an element has more than {MOST_ATTRIBUTES} attributes"
            )));
        }
        if namespaces > MOST_NAMESPACES {
            return Err(refusal(format!(
                "it declares more than {MOST_NAMESPACES} namespaces"
            )));
        }
        rest = behind;
    }
    Ok(())
}

enum Markup {
    Tag,
    /// A comment, section or instruction, with its end.
    Other(&'static str),
}

impl Markup {
    fn of(markup: &str) -> Self {
        if markup.starts_with("!--") {
            Self::Other("-->")
        } else if markup.starts_with("![CDATA[") {
            Self::Other("]]>")
        } else if markup.starts_with('?') {
            Self::Other("?>")
        } else {
            Self::Tag
        }
    }
}

/// Counts the attributes of a tag, and among them the declarations of namespaces; returns what follows the tag.
fn attributes<'a>(tag: &'a str, namespaces: &mut usize) -> (usize, &'a str) {
    let mut count = 0;
    let mut rest = tag;
    loop {
        let Some(at) = rest.find(['>', '=']) else {
            return (count, "");
        };
        let (name, behind) = rest.split_at(at);
        if let Some(after) = behind.strip_prefix('>') {
            return (count, after);
        }
        count += 1;
        // Before the first of them stands the name of the tag.
        let name = name.split_whitespace().next_back().unwrap_or_default();
        *namespaces += usize::from(name.starts_with("xmlns"));
        let value = behind.get(1..).unwrap_or_default().trim_start();
        rest = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inside = value.get(1..).unwrap_or_default();
                inside.split_once(quote).map_or("", |(_, after)| after)
            }
            // The parser refuses it.
            _ => value,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(count: usize, attribute: impl Fn(usize) -> String) -> String {
        let attributes: Vec<String> = (0..count).map(attribute).collect();
        format!("<a><!-- b=\"c>\" --><b {}/></a>", attributes.join(" "))
    }

    #[test]
    fn attributes_and_namespaces_are_limited() {
        let attributes = |count| check(&many(count, |at| format!("a{at} = '>'")));
        assert_eq!(attributes(MOST_ATTRIBUTES), Ok(()));
        let error = attributes(MOST_ATTRIBUTES + 1).unwrap_err();
        assert!(
            error.reason.contains("more than 1000 attributes"),
            "{error}"
        );
        let namespaces = |count| check(&many(count, |at| format!("xmlns:n{at}=\"u\"")));
        assert_eq!(namespaces(MOST_NAMESPACES), Ok(()));
        let error = namespaces(MOST_NAMESPACES + 1).unwrap_err();
        assert!(error.reason.contains("more than 64 namespaces"), "{error}");
    }

    #[test]
    fn namespaces_count_over_all_elements() {
        let elements: Vec<String> = (0..=MOST_NAMESPACES)
            .map(|at| format!("<b xmlns:n{at}='u'>text = ></b>"))
            .collect();
        assert!(check(&elements.concat()).is_err());
    }

    #[test]
    fn comments_sections_and_text_hold_no_attributes() {
        let signs = "a=b ".repeat(MOST_ATTRIBUTES + 1);
        for text in [
            format!("<a>{signs}</a>"),
            format!("<!--{signs}--><a/>"),
            format!("<a><![CDATA[<b {signs}]]></a>"),
            format!("<?xml {signs}?><a/>"),
            "<a".to_owned(),
            "<a b='".to_owned(),
        ] {
            assert_eq!(check(&text), Ok(()), "{text}");
        }
    }
}
