use serde::Serialize;

/// How hard a scan presses on the network, slowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// For thin lines and nervous firewalls.
    Gentle,
    /// For an office network.
    Normal,
    /// For a data centre of one's own.
    Fast,
}

impl Profile {
    pub(crate) const ALL: [Self; 3] = [Self::Gentle, Self::Normal, Self::Fast];

    #[must_use]
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Gentle => "gentle",
            Self::Normal => "normal",
            Self::Fast => "fast",
        }
    }

    /// The most connections at once; 0 is as many as the machine allows.
    pub(crate) const fn concurrency(self) -> u32 {
        match self {
            Self::Gentle => 64,
            Self::Normal | Self::Fast => 0,
        }
    }

    /// The most connections started in a second.
    pub(crate) const fn rate(self) -> u32 {
        match self {
            Self::Gentle => 100,
            Self::Normal => 1_000,
            Self::Fast => 5_000,
        }
    }
}
