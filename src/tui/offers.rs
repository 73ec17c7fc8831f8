/// A format of exports, as the menu shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its name, such as `json`.
    pub word: &'static str,
    /// What it is good for, in a few words.
    pub says: &'static str,
}

/// What becomes of a scan when its screen is left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Keeping {
    /// It lies in a file already.
    #[default]
    Saved,
    /// A report is written to this place.
    Report(String),
    /// It is gone, unless the user has it saved.
    Nothing,
    /// It is gone, and nobody misses it: the fleet was simulated.
    Simulated,
}

/// What those around the screen can do for it: without them it can only show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offers {
    /// Formats of exports.
    pub formats: Vec<Offer>,
    /// The scan can be paused, and hosts can be probed anew.
    pub control: bool,
    /// What becomes of the scan at the end.
    pub keeping: Keeping,
}
