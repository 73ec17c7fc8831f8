use clap::ValueEnum;

/// A shell that completes command lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Bash, 3.2 and newer
    Bash,
    /// Elvish
    Elvish,
    /// Fish
    Fish,
    /// PowerShell, on Windows 5.1 too
    #[value(name = "powershell", alias = "pwsh")]
    PowerShell,
    /// Zsh
    Zsh,
}

impl Shell {
    /// The script that the shell loads. At every Tab it runs the `rdpscan` on the path, so that an upgrade needs no new script.
    #[must_use]
    pub const fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("shells/rdpscan.bash"),
            Self::Elvish => include_str!("shells/rdpscan.elv"),
            Self::Fish => include_str!("shells/rdpscan.fish"),
            Self::PowerShell => include_str!("shells/rdpscan.ps1"),
            Self::Zsh => include_str!("shells/rdpscan.zsh"),
        }
    }
}
