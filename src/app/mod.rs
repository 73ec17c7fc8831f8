//! The only wiring place: settings, scan, sinks, exit status.

#[cfg(feature = "sim")]
mod demo;
mod dry_run;
mod explain;
mod file_name;
mod fit;
mod fix;
mod headless;
mod logging;
mod man;
mod outlet;
mod outputs;
mod recording;
mod rescue;
mod saved;
mod session;
mod signals;
mod taste;

use std::hash::{BuildHasher, RandomState};
use std::io::{self, IsTerminal};

use anyhow::{Result, bail};
use clap::CommandFactory;

use crate::cli::{Cli, Command, ConfigFormat, ScanArgs, SchemaForm, complete};
use crate::exit::ExitStatus;
use crate::fleet::Fleet;
use crate::model::ScanId;
use crate::record;
use crate::report::{self, Format};
use crate::settings::{self, Environment, FailOn, Settings, Source};
use crate::table::Filter;
use crate::targets::{TargetSet, TargetSetBuilder};
use crate::tui::Keeping;

use outputs::{Sink, tell};
use recording::Recorded;
use session::{Followed, Session, View};

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
        Some(Command::Completions(arguments)) => {
            // Shells take a carriage return, as a checkout on Windows has it, for a part of the word before it.
            outputs::print(&arguments.shell.script().replace('\r', ""))?;
            return Ok(ExitStatus::Done);
        }
        Some(Command::Complete(arguments)) => {
            let answer = complete::answer(Cli::command(), &arguments.words, arguments.index);
            outputs::print(&answer.lines())?;
            return Ok(ExitStatus::Done);
        }
        Some(Command::Schema(arguments)) => return schema(arguments.form),
        Some(Command::Man(arguments)) => return man::run(arguments.dir.as_deref()),
        // Before the settings: a faulty file of settings must not stand between a user and the handbook.
        Some(Command::Explain(arguments)) => return explain::run(arguments),
        _ => {}
    }
    let resolved = settings::resolve(&cli, &Environment::process())?;
    let _log = logging::start(cli.verbosity())?;
    let settings = resolved.settings.clone();
    if let (Source::Flag(_), Some(format)) =
        (resolved.source("output.columns"), settings.output.format)
        && !format.takes_columns()
        && !settings.output.quiet
    {
        tell(&format!(
            "rdpscan: {format} always has everything; --columns is for text, csv, xlsx, markdown and the screen"
        ));
    }
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
        Some(
            Command::Explain(_)
            | Command::Schema(_)
            | Command::Completions(_)
            | Command::Complete(_)
            | Command::Man(_),
        ) => Ok(ExitStatus::Done),
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
    mut line: impl Iterator<Item = std::ffi::OsString>,
) -> Result<()> {
    if line.any(|word| word == "--") {
        return Ok(());
    }
    let definition = Cli::command();
    let mut words = targets.iter().map(String::as_str);
    if let Some(first) = words.next() {
        refuse_mistyped_command(first, words, &definition)?;
    }
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

/// What other programs call what rdpscan does without a command.
const SCANNING: [&str; 7] = ["scan", "run", "probe", "start", "test", "check", "sweep"];

/// `rdpscan opne friday.json` reads as a scan of hosts called `opne` and `friday.json`, and would ask the DNS for them. Only
/// bare words without a number in them are looked at: `demo1` is a host far more likely than a slip.
fn refuse_mistyped_command<'a>(
    first: &str,
    mut others: impl Iterator<Item = &'a str>,
    definition: &clap::Command,
) -> Result<()> {
    if !first.bytes().all(|letter| letter.is_ascii_alphabetic()) {
        return Ok(());
    }
    let commands = definition
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(clap::Command::get_name)
        .chain(["help"]);
    let word = first.to_ascii_lowercase();
    if SCANNING.contains(&word.as_str()) {
        let rest = match others.next() {
            Some(target) => crate::sanitize::terminal(target).into_owned(),
            None => "10.0.0.0/24".to_owned(),
        };
        bail!(
            "there is no command `{first}`: write `rdpscan {rest}`, or `-- {first}` for a host of that name"
        );
    }
    if definition.find_subcommand(first).is_none()
        && let Some(command) = settings::nearest(&word, commands)
    {
        bail!(
            "`{first}` is no command; the nearest is `{command}`: write that, or `-- {first}` for a host of that name"
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
    scan: ScanId,
    filter: Filter,
    /// The report wanted besides the screen.
    report: Option<(Format, Sink)>,
    screen: bool,
}

impl Wish {
    /// Finds out before the scan whether its result can be shown and written as wished.
    fn new(output: Option<&std::path::Path>, mut settings: Settings) -> Result<Self> {
        // Drawn here, because the name of a file may hold the scan's id.
        let now = crate::clock::wall();
        let seed = settings
            .scan
            .seed
            .unwrap_or_else(|| RandomState::new().hash_one(now));
        settings.scan.seed = Some(seed);
        let random = RandomState::new().hash_one(now);
        let scan = ScanId::new(now, u16::try_from(random >> 48).unwrap_or_default());
        let output = output
            .map(|path| file_name::filled_in(path, now, Some(scan)))
            .transpose()?;
        let filter = Filter::parse(&settings.output.filter)?;
        let format = settings.output.format;
        let sink = match output {
            Some(path) if path.as_os_str() == "-" => Some(Sink::Standard),
            Some(path) => {
                report::check_writable(&path)?;
                report::check_workspace(format.unwrap_or(Format::Text))?;
                Some(Sink::File(path))
            }
            None => None,
        };
        let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
        let to_standard =
            matches!(sink, Some(Sink::Standard)) || (sink.is_none() && format.is_some());
        let wanted = is_terminal && !settings.output.no_tui && !to_standard;
        let screen = wanted && !outputs::is_dumb_terminal();
        if wanted && !screen && !settings.output.quiet {
            tell(
                "rdpscan: TERM=dumb says that this terminal only prints, so a text table follows in place of the screen",
            );
        }
        let report = match (sink, screen) {
            (Some(sink), _) => Some((format.unwrap_or(Format::Text), sink)),
            (None, false) => Some((format.unwrap_or(Format::Text), Sink::Standard)),
            (None, true) => None,
        };
        if let Some((format, sink)) = &report {
            outputs::refuse_bytes_on_terminal(*format, sink)?;
        }
        Ok(Self {
            settings,
            scan,
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
        let record = match &self.report {
            Some((Format::Ndjson, sink)) => Some(sink.clone()),
            _ => None,
        };
        let is_live = record.is_some();
        let quiet = self.settings.output.quiet;
        let view = if self.screen {
            View::Screen {
                keeping: match &self.report {
                    Some((_, Sink::File(path))) => Keeping::Report(path.display().to_string()),
                    _ if simulated => Keeping::Simulated,
                    _ => Keeping::Nothing,
                },
            }
        } else {
            View::Quiet { progress: !quiet }
        };
        // The screen has them above the table, and the text below it.
        let shown = matches!(self.report, Some((Format::Text, Sink::Standard)));
        let is_read = self.screen || quiet || shown;
        let from_lists = targets.notices().to_vec();
        if !is_read {
            outputs::tell_notices(&from_lists);
        }
        let wanted = self.settings.output.clone();
        if is_live && !quiet && (!self.filter.is_empty() || wanted.sort.is_some()) {
            tell(
                "rdpscan: ndjson holds every event of every host, so --filter and --sort do not apply to it; use `rdpscan report` on it afterwards",
            );
        }
        let session = Session {
            settings: self.settings,
            scan: self.scan,
            targets,
            simulated,
            view,
            record,
        };
        let Some(Followed {
            fleet,
            recorded,
            save,
        }) = Box::pin(session.run(stop)).await?
        else {
            return Ok(ExitStatus::Interrupted);
        };
        let written = match (&self.report, &recorded) {
            (Some((_, sink)), Recorded::Lost(error)) => {
                Err(anyhow::anyhow!("cannot write to {sink}: {error}"))
            }
            (Some((format, sink)), _) => {
                let written = if is_live {
                    Ok(())
                } else {
                    outputs::write(&fleet, &self.filter, &wanted, *format, sink)
                };
                written.inspect(|()| {
                    if !quiet {
                        outputs::tell_written(sink);
                    }
                })
            }
            (None, _) => Ok(()),
        };
        let written = written.and_then(|()| {
            if save {
                outputs::save(&fleet)?;
            }
            Ok(())
        });
        let is_written = written.is_ok();
        if let Err(error) = written {
            tell(&format!("rdpscan: {error:#}"));
            outputs::rescue(&fleet, &self.filter, &wanted);
        }
        let told = shown && is_written;
        if !is_read {
            let mut came_up = fleet.notices();
            came_up.retain(|notice| !from_lists.contains(notice));
            outputs::tell_notices(&came_up);
        }
        if !quiet && !told {
            let filter = self.report.as_ref().filter(|_| !is_live && is_written);
            tell(&outputs::summary(&fleet, filter.map(|_| &self.filter)));
        }
        if !is_written {
            return Ok(ExitStatus::Usage);
        }
        if matches!(recorded, Recorded::Enough) {
            return Ok(ExitStatus::Done);
        }
        Ok(status(&fleet, &self.filter, &wanted.fail_on))
    }
}

fn status(fleet: &Fleet, filter: &Filter, fail_on: &FailOn) -> ExitStatus {
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
    outputs::verdict(fleet, filter, fail_on)
}

/// The same text as the files in `docs/schema`, which a test holds against it.
fn schema(form: SchemaForm) -> Result<ExitStatus> {
    let schema = match form {
        SchemaForm::Report => report::report_schema(),
        SchemaForm::Events => record::event_schema(),
    };
    outputs::print(&format!("{schema:#}\n"))?;
    Ok(ExitStatus::Done)
}
