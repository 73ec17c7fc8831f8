use clap::error::Error;
use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::settings::{Given, Source, arguments, comparison_format};

/// The flags of settings that a command takes, as they were given.
#[derive(Debug, Default)]
pub(super) struct Flags(pub(super) Vec<Given>);

/// Whether a command takes a setting as a flag.
fn takes(command: &str, key: &str) -> bool {
    match command {
        "rdpscan" => !key.starts_with("worker.") && key != "nats.site",
        "demo" => {
            let is_elsewhere = key.starts_with("nats.") || key.starts_with("worker.");
            !is_elsewhere
                && !matches!(
                    key,
                    "scan.ports"
                        | "scan.allow_large"
                        | "names.servers"
                        | "history.enabled"
                        | "watch.on_change"
                )
        }
        // Of the pace, what a worker may do at most.
        "worker" => {
            key.starts_with("worker.")
                || key.starts_with("nats.") && key != "nats.sites"
                || matches!(
                    key,
                    "scan.ports"
                        | "scan.profile"
                        | "scan.concurrency"
                        | "scan.rate"
                        | "scan.attempts"
                        | "output.quiet"
                )
        }
        "why" => {
            key == "output.quiet"
                || (key.starts_with("scan.") || key.starts_with("names."))
                    && key != "scan.allow_large"
        }
        // What was begun with the scan goes on with it.
        "resume" => {
            let is_pace = matches!(
                key,
                "scan.profile" | "scan.concurrency" | "scan.rate" | "scan.max_time"
            );
            let is_output = key.starts_with("output.") && key != "output.all";
            is_pace || is_output || key.starts_with("names.")
        }
        "open" => matches!(key, "output.filter" | "output.columns" | "output.sort"),
        "report" => key.starts_with("output.") && !matches!(key, "output.all" | "output.no_tui"),
        "diff" => matches!(key, "output.format" | "output.quiet"),
        "fix" => key == "output.filter",
        _ => false,
    }
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        let name = command.get_name().to_owned();
        let taken = arguments()
            .filter(|arg| !arg.is_hide_set() && takes(&name, arg.get_id().as_str()))
            .map(|arg| {
                // `--rate -5` is for the parser of the rate to refuse; but any text is a filter, also a forgotten `--filter --all`.
                let hyphens = arg.get_action().takes_values() && arg.get_id() != "output.filter";
                let is_of_changes = name == "diff" && arg.get_id() == "output.format";
                let taken = arg
                    .clone()
                    .allow_hyphen_values(hyphens)
                    .hide_default_value(arg.get_default_values() == [""]);
                if is_of_changes {
                    taken.value_parser(comparison_format())
                } else {
                    taken
                }
            });
        command.args(taken)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = arguments().filter_map(|arg| {
            let key = arg.get_id().as_str();
            let texts = matches.try_get_raw(key).ok()??;
            let is_given =
                matches.value_source(key) == Some(clap::parser::ValueSource::CommandLine);
            let texts: Vec<_> = texts.map(|text| text.to_string_lossy()).collect();
            is_given.then(|| Given {
                key,
                text: texts.join(","),
                source: Source::Flag(format!("--{}", arg.get_long().unwrap_or(key))),
            })
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
