//! The only wiring place: settings, scan, sinks, exit status.

#[cfg(feature = "sim")]
mod demo;
mod dry_run;
mod explain;
mod fit;
mod fix;
mod headless;
mod logging;
mod outputs;
mod saved;
mod session;
mod signals;

use std::io::{self, IsTerminal};

use anyhow::{Result, bail};
use clap::CommandFactory;

use crate::cli::{Cli, Command, ConfigFormat, ScanArgs};
use crate::exit::ExitStatus;
use crate::fleet::Fleet;
use crate::record;
use crate::report::{self, Format};
use crate::settings::{self, Environment, Settings};
use crate::table::Filter;
use crate::target::{TargetSet, TargetSetBuilder};

use outputs::{Sink, tell};
use session::{Session, View};

/// Does what the command line asks for. A failure is told on standard error, in one line.
pub async fn run(cli: Cli) -> ExitStatus {
    match dispatch(cli).await {
        Ok(status) => status,
        Err(error) => {
            tell(&format!("rdpscan: {error:#}"));
            ExitStatus::Usage
        }
    }
}

async fn dispatch(cli: Cli) -> Result<ExitStatus> {
    match &cli.command {
        Some(Command::Completions(arguments)) => return completions(arguments.shell),
        Some(Command::Man) => return manual(),
        // Before the settings: a faulty file of settings must not stand between a user and the handbook.
        Some(Command::Explain(arguments)) => return explain::run(arguments),
        _ => {}
    }
    let resolved = settings::resolve(&cli, &Environment::process())?;
    let _log = logging::start(cli.verbosity())?;
    let settings = resolved.settings.clone();
    match cli.command {
        None => scan(cli.scan, settings).await,
        #[cfg(feature = "sim")]
        Some(Command::Demo(arguments)) => demo::run(*arguments, resolved).await,
        Some(Command::Open(arguments)) => saved::open(&arguments, settings).await,
        Some(Command::Report(arguments)) => saved::report(&arguments, &settings),
        Some(Command::Fix(arguments)) => fix::run(&arguments, &settings),
        Some(Command::Config(arguments)) => {
            let text = match arguments.format {
                ConfigFormat::Text => settings::text(&resolved),
                ConfigFormat::Json => settings::json(&resolved),
            };
            outputs::print(&text)?;
            Ok(ExitStatus::Done)
        }
        Some(Command::Explain(_) | Command::Completions(_) | Command::Man) => Ok(ExitStatus::Done),
    }
}

async fn scan(arguments: ScanArgs, settings: Settings) -> Result<ExitStatus> {
    refuse_misplaced_command(&arguments.targets.targets, std::env::args_os())?;
    let targets = targets(&arguments, &settings)?;
    let wish = Wish::new(arguments.output.output.as_deref(), settings)?;
    if arguments.targets.dry_run {
        outputs::print(&dry_run::plan(&targets, &wish.settings))?;
        return Ok(ExitStatus::Done);
    }
    wish.carry_out(targets, false, &signals::listen()).await
}

/// `rdpscan --quiet demo` reads as a scan of a host called `demo`. Nobody means that; who does says so with two dashes.
fn refuse_misplaced_command(
    targets: &[String],
    mut words: impl Iterator<Item = std::ffi::OsString>,
) -> Result<()> {
    if words.any(|word| word == "--") {
        return Ok(());
    }
    let definition = Cli::command();
    let misplaced = targets.iter().find(|target| {
        definition
            .get_subcommands()
            .any(|command| command.get_name() == **target)
    });
    if let Some(command) = misplaced {
        bail!(
            "`{command}` is a command, and stands after an option or target; put it first, or write `-- {command}` for a host of that name"
        );
    }
    Ok(())
}

fn targets(arguments: &ScanArgs, settings: &Settings) -> Result<TargetSet> {
    let mut builder = TargetSetBuilder::new(&settings.scan.ports);
    builder.allow_large(settings.scan.allow_large);
    for text in &arguments.targets.targets {
        builder.add_text(text)?;
    }
    for path in &arguments.targets.files {
        builder.add_file(path)?;
    }
    for text in &arguments.targets.exclude {
        builder.exclude_text(text)?;
    }
    for path in &arguments.targets.exclude_file {
        builder.exclude_file(path)?;
    }
    Ok(builder.build()?)
}

/// What is wanted of a scan: checked before the first packet, carried out after the last.
struct Wish {
    settings: Settings,
    filter: Filter,
    /// The report wanted besides the screen.
    report: Option<(Format, Sink)>,
    screen: bool,
}

impl Wish {
    /// Finds out before the scan whether its result can be shown and written as wished.
    fn new(output: Option<&std::path::Path>, settings: Settings) -> Result<Self> {
        let filter = Filter::parse(&settings.output.filter)?;
        let format = settings.output.format;
        let sink = match output {
            Some(path) if path.as_os_str() == "-" => Some(Sink::Standard),
            Some(path) => {
                report::check_writable(path)?;
                Some(Sink::File(path.to_owned()))
            }
            None => None,
        };
        let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
        let to_standard =
            matches!(sink, Some(Sink::Standard)) || (sink.is_none() && format.is_some());
        let screen = is_terminal && !settings.output.no_tui && !to_standard;
        let report = match (sink, screen) {
            (Some(sink), _) => Some((format.unwrap_or(Format::Text), sink)),
            (None, false) => Some((format.unwrap_or(Format::Text), Sink::Standard)),
            (None, true) => None,
        };
        Ok(Self {
            settings,
            filter,
            report,
            screen,
        })
    }

    /// Scans, shows, writes; gives the exit status. What was found is written however the scan ended.
    async fn carry_out(
        self,
        targets: TargetSet,
        simulated: bool,
        stop: &signals::Stop,
    ) -> Result<ExitStatus> {
        let live = matches!(self.report, Some((Format::Ndjson, Sink::Standard)));
        let quiet = self.settings.output.quiet;
        let view = if self.screen {
            View::Screen
        } else {
            let standard: Box<dyn io::Write + Send> = Box::new(io::stdout());
            View::Quiet {
                progress: !quiet,
                live: live.then(|| record::Writer::new(standard)),
            }
        };
        let fail_on = self.settings.output.fail_on;
        let session = Session {
            settings: self.settings,
            targets,
            simulated,
            view,
        };
        let fleet = session.run(stop).await?;
        if let Some((format, sink)) = &self.report
            && !live
        {
            outputs::write(&fleet, &self.filter, *format, sink)?;
            if let (Sink::File(path), false) = (sink, quiet) {
                tell(&format!(
                    "wrote {}",
                    crate::sanitize::terminal(&path.to_string_lossy())
                ));
            }
        }
        let shown = matches!(self.report, Some((Format::Text, Sink::Standard)));
        if !quiet && !shown {
            tell(&outputs::summary(&fleet));
        }
        Ok(status(&fleet, fail_on))
    }
}

fn status(fleet: &Fleet, fail_on: Option<crate::model::Severity>) -> ExitStatus {
    let complete = fleet
        .end()
        .is_some_and(|end| end.status == crate::model::ScanStatus::Complete);
    if !complete {
        return ExitStatus::Interrupted;
    }
    if outputs::is_without_ground(fleet) {
        tell(
            "rdpscan: nothing could be scanned: no resolver answers, so no name led to an address; name a DNS server with --dns",
        );
        return ExitStatus::Usage;
    }
    match fail_on {
        Some(severity)
            if fleet
                .hosts()
                .iter()
                .any(|host| outputs::is_at_least(host, severity)) =>
        {
            ExitStatus::Findings
        }
        _ => ExitStatus::Done,
    }
}

fn completions(shell: clap_complete::Shell) -> Result<ExitStatus> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "rdpscan", &mut text);
    outputs::print(&String::from_utf8_lossy(&text))?;
    Ok(ExitStatus::Done)
}

fn manual() -> Result<ExitStatus> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text)?;
    outputs::print(&String::from_utf8_lossy(&text))?;
    Ok(ExitStatus::Done)
}
