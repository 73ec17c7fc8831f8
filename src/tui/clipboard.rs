//! Copies, and what is said of them.

use std::path::PathBuf;

use super::around::Outlet;
use super::terminal::Hands;
use super::text;

/// Copies a text, and says how sure that is: most terminals do not tell whether they took it. Gives the file that it is in
/// too, where that may be needed. The path stands before what may be long.
pub(super) fn copy(
    hands: &mut dyn Hands,
    outlet: &dyn Outlet,
    (what, remark): (&str, &str),
    text: &str,
) -> (Result<String, String>, Option<PathBuf>) {
    let remark = match remark {
        "" => String::new(),
        remark => format!("; {remark}"),
    };
    let taken = hands.copy(text);
    if taken == Ok(true) {
        // Nothing of it is left on the disk.
        return (Ok(format!("copied: {what}{remark}")), None);
    }
    match (taken, outlet.keep(text)) {
        (Ok(_), Err(_)) => (Ok(format!("copied: {what}{remark}")), None),
        (Ok(_), Ok(path)) => {
            let also = text::from_home(&path, std::env::home_dir().as_deref());
            let told = format!("copied: {what} (also in {also}){remark}");
            (Ok(told), Some(path))
        }
        (Err(reason), Ok(path)) => {
            let only = text::from_home(&path, std::env::home_dir().as_deref());
            let told =
                format!("{what} is in {only}: the clipboard cannot be reached: {reason}{remark}");
            (Ok(told), Some(path))
        }
        (Err(reason), Err(other)) => (Err(format!("{reason}; {other}")), None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::action::Export;
    use super::super::around::FixFolder;
    use super::super::offers::Offer;
    use super::*;
    use crate::fleet::{Fleet, HostId};

    /// A terminal whose clipboard answers this.
    struct Clipboard(Result<bool, String>);

    impl Hands for Clipboard {
        fn copy(&mut self, _: &str) -> Result<bool, String> {
            self.0.clone()
        }

        fn mouse(&mut self, _: bool) {}
    }

    /// Keeps copies here; nowhere, and nobody may ask.
    struct File(Option<&'static str>);

    impl Outlet for File {
        fn formats(&self) -> Vec<Offer> {
            Vec::new()
        }

        fn export(&self, _: &Fleet, _: &Export) -> Result<PathBuf, String> {
            Err("not asked for".to_owned())
        }

        fn fix(&self, _: &Fleet, _: &[HostId]) -> Result<FixFolder, String> {
            Err("not asked for".to_owned())
        }

        fn keep(&self, _: &str) -> Result<PathBuf, String> {
            Ok(self.0.expect("no file is wanted").into())
        }
    }

    #[test]
    fn the_path_stands_before_what_may_be_cut() {
        let mut unsure = Clipboard(Ok(false));
        let (told, kept) = copy(
            &mut unsure,
            &File(Some("/c/copied.txt")),
            ("name", "of R1"),
            "x",
        );
        assert_eq!(
            told.as_deref(),
            Ok("copied: name (also in /c/copied.txt); of R1")
        );
        assert_eq!(kept, Some("/c/copied.txt".into()));
    }

    #[test]
    fn a_clipboard_that_is_sure_needs_no_file() {
        let mut sure = Clipboard(Ok(true));
        let (told, kept) = copy(&mut sure, &File(None), ("name", ""), "x");
        assert_eq!((told.as_deref(), kept), (Ok("copied: name"), None));
    }
}
