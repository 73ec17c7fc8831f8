use std::path::PathBuf;

use super::exporter::Exporter;
use super::terminal::TerminalIo;
use super::text;

/// Copies a text, and returns the message about it: most terminals do not confirm a copy, so that the text also goes into a
/// file, whose path is returned. In the message, the path comes before the remark, which may be cut.
pub(super) fn copy(
    terminal: &mut dyn TerminalIo,
    exporter: &dyn Exporter,
    (what, remark): (&str, &str),
    text: &str,
) -> (Result<String, String>, Option<PathBuf>) {
    let remark = match remark {
        "" => String::new(),
        remark => format!("; {remark}"),
    };
    let copied = terminal.copy(text);
    if copied == Ok(true) {
        // Confirmed: the text is not left on the disk.
        return (Ok(format!("copied: {what}{remark}")), None);
    }
    let saved = exporter.save_copy(text);
    let shown = |path: &PathBuf| text::tilde_path(path, std::env::home_dir().as_deref());
    let message = match (copied, &saved) {
        (Ok(_), Err(_)) => Ok(format!("copied: {what}{remark}")),
        (Ok(_), Ok(path)) => Ok(format!("copied: {what} (also in {}){remark}", shown(path))),
        (Err(reason), Ok(path)) => Ok(format!(
            "{what} is in {}: the clipboard cannot be reached: {reason}{remark}",
            shown(path)
        )),
        (Err(reason), Err(other)) => Err(format!("{reason}; {other}")),
    };
    (message, saved.ok())
}

#[cfg(test)]
mod tests {
    use super::super::action::Export;
    use super::super::exporter::{ExportFormat, FixFolder};
    use super::*;
    use crate::fleet::{Fleet, HostId};

    /// A terminal whose clipboard returns this.
    struct Clipboard(Result<bool, String>);

    impl TerminalIo for Clipboard {
        fn copy(&mut self, _: &str) -> Result<bool, String> {
            self.0.clone()
        }

        fn capture_mouse(&mut self, _: bool) {}
    }

    /// Saves copies here; `None` panics.
    #[derive(Debug)]
    struct File(Option<&'static str>);

    impl Exporter for File {
        fn formats(&self) -> Vec<ExportFormat> {
            Vec::new()
        }

        fn export(&self, _: &Fleet, _: &Export) -> Result<PathBuf, String> {
            Err("not asked for".to_owned())
        }

        fn write_fixes(&self, _: &Fleet, _: &[HostId]) -> Result<FixFolder, String> {
            Err("not asked for".to_owned())
        }

        fn save_copy(&self, _: &str) -> Result<PathBuf, String> {
            Ok(self.0.expect("no file is wanted").into())
        }
    }

    #[test]
    fn the_path_comes_before_what_may_be_cut() {
        let mut unconfirmed = Clipboard(Ok(false));
        let (message, saved) = copy(
            &mut unconfirmed,
            &File(Some("/c/copied.txt")),
            ("name", "of R1"),
            "x",
        );
        assert_eq!(
            message.as_deref(),
            Ok("copied: name (also in /c/copied.txt); of R1")
        );
        assert_eq!(saved, Some("/c/copied.txt".into()));
    }

    #[test]
    fn a_copy_that_is_confirmed_needs_no_file() {
        let mut confirmed = Clipboard(Ok(true));
        let (message, saved) = copy(&mut confirmed, &File(None), ("name", ""), "x");
        assert_eq!((message.as_deref(), saved), (Ok("copied: name"), None));
    }
}
