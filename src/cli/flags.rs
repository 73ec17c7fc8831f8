use std::path::Path;

use super::{Cli, Command, CommonArgs, OutputArgs, PaceArgs, QuestionArgs, ScanArgs, TableArgs};

/// A setting given by a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flag {
    /// The setting.
    pub(crate) key: &'static str,
    /// The flag, with its dashes.
    pub(crate) name: &'static str,
    /// The value.
    pub(crate) text: String,
}

impl Cli {
    /// The settings file named, whatever the command.
    pub(crate) fn config_file(&self) -> Option<&Path> {
        self.common()?.config.as_deref()
    }

    /// The file to write to, whatever the command.
    pub(crate) fn output_file(&self) -> Option<&Path> {
        let output = match &self.command {
            None => &self.scan.output.output,
            #[cfg(feature = "sim")]
            Some(Command::Demo(demo)) => &demo.output.output,
            Some(Command::Report(report)) => &report.output,
            Some(_) => return None,
        };
        output.as_deref()
    }

    /// How often `-v` was given, whatever the command.
    #[must_use]
    pub fn verbosity(&self) -> u8 {
        self.common().map_or(0, |common| common.verbose)
    }

    /// The settings that flags give.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        let mut flags = Flags::default();
        match &self.command {
            None => {
                let ScanArgs {
                    targets,
                    pace,
                    servers,
                    questions,
                    output,
                    ..
                } = &self.scan;
                flags.list("scan.ports", "--port", &targets.port);
                flags.switch(
                    "scan.allow_large",
                    "--allow-large",
                    targets.allow_large,
                    "true",
                );
                flags.list("names.servers", "--dns", &servers.dns);
                flags.pace(pace);
                flags.questions(questions);
                flags.output(output);
            }
            #[cfg(feature = "sim")]
            Some(Command::Demo(demo)) => {
                flags.pace(&demo.pace);
                flags.questions(&demo.questions);
                flags.output(&demo.output);
            }
            Some(Command::Open(open)) => {
                flags.text("output.filter", "--filter", open.filter.as_ref());
                flags.table(&open.table);
            }
            Some(Command::Report(report)) => {
                flags.text("output.format", "--format", report.format.as_ref());
                flags.text("output.filter", "--filter", report.filter.as_ref());
                flags.text("output.fail_on", "--fail-on", report.fail_on.as_ref());
                flags.table(&report.table);
                flags.switch("output.quiet", "--quiet", report.quiet, "true");
            }
            Some(Command::Fix(fix)) => {
                flags.text("output.filter", "--filter", fix.filter.as_ref());
            }
            Some(
                Command::Explain(_)
                | Command::Config(_)
                | Command::Completions(_)
                | Command::Schema(_)
                | Command::Complete(_)
                | Command::Man(_),
            ) => {}
        }
        flags.0
    }

    const fn common(&self) -> Option<&CommonArgs> {
        match &self.command {
            None => Some(&self.scan.common),
            #[cfg(feature = "sim")]
            Some(Command::Demo(demo)) => Some(&demo.common),
            Some(Command::Open(open)) => Some(&open.common),
            Some(Command::Report(report)) => Some(&report.common),
            Some(Command::Fix(fix)) => Some(&fix.common),
            Some(Command::Config(config)) => Some(&config.common),
            Some(
                Command::Explain(_)
                | Command::Schema(_)
                | Command::Completions(_)
                | Command::Complete(_)
                | Command::Man(_),
            ) => None,
        }
    }
}

/// Collects what was given.
#[derive(Default)]
struct Flags(Vec<Flag>);

impl Flags {
    fn text(&mut self, key: &'static str, name: &'static str, value: Option<&String>) {
        self.0.extend(value.map(|text| Flag {
            key,
            name,
            text: text.clone(),
        }));
    }

    fn list(&mut self, key: &'static str, name: &'static str, values: &[String]) {
        if !values.is_empty() {
            self.text(key, name, Some(&values.join(",")));
        }
    }

    /// A flag without a value: given, it sets `text`.
    fn switch(&mut self, key: &'static str, name: &'static str, given: bool, text: &str) {
        if given {
            self.text(key, name, Some(&text.to_owned()));
        }
    }

    fn pace(&mut self, pace: &PaceArgs) {
        self.text("scan.attempts", "--attempts", pace.attempts.as_ref());
        self.text("scan.interval", "--interval", pace.interval.as_ref());
        self.text("scan.timeout", "--timeout", pace.timeout.as_ref());
        self.text("scan.max_time", "--max-time", pace.max_time.as_ref());
        self.text(
            "scan.concurrency",
            "--concurrency",
            pace.concurrency.as_ref(),
        );
        self.text("scan.rate", "--rate", pace.rate.as_ref());
        self.text("scan.profile", "--profile", pace.profile.as_ref());
        self.text("scan.seed", "--seed", pace.seed.as_ref());
    }

    fn questions(&mut self, questions: &QuestionArgs) {
        self.switch("names.dns", "--no-dns", questions.no_dns, "false");
        self.switch("scan.ntlm", "--no-ntlm", questions.no_ntlm, "false");
        self.switch("scan.check_nla", "--check-nla", questions.check_nla, "true");
    }

    fn table(&mut self, table: &TableArgs) {
        self.text("output.columns", "--columns", table.columns.as_ref());
        self.text("output.sort", "--sort", table.sort.as_ref());
    }

    fn output(&mut self, output: &OutputArgs) {
        self.text("output.format", "--format", output.format.as_ref());
        self.text("output.fail_on", "--fail-on", output.fail_on.as_ref());
        self.text("output.filter", "--filter", output.filter.as_ref());
        self.table(&output.table);
        self.switch("output.all", "--all", output.all, "true");
        self.switch("output.no_tui", "--no-tui", output.no_tui, "true");
        self.switch("output.quiet", "--quiet", output.quiet, "true");
    }
}
