use serde::Serialize;
use strum::{Display, IntoStaticStr, VariantArray};

/// How hard a scan presses on the network, slowest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Display, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Profile {
    /// For thin lines and nervous firewalls.
    Gentle,
    /// For an office network.
    Normal,
    /// For a data centre of one's own.
    Fast,
}

impl Profile {
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
