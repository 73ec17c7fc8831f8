//! The commands: settings, scan, output and exit status are wired up here.

mod acknowledge;
mod capacity;
mod change_command;
#[cfg(feature = "sim")]
mod demo;
#[cfg(feature = "sim")]
mod demo_past;
mod diff;
mod dry_run;
mod explain;
mod exporter;
mod file_name;
mod fix;
mod fleets;
mod headless;
mod history;
mod kept;
mod logging;
mod man;
mod mistyped;
mod past;
mod recording;
mod rescue;
mod resume;
mod rules;
mod saved;
mod saved_hosts;
mod scan_request;
mod screen;
mod session;
mod signals;
mod sink;
mod sites;
mod stderr;
mod sweep;
mod ui_state;
mod watch;
mod why;
mod worker;

use anyhow::Result;
use clap::CommandFactory;

use crate::cli::{Cli, Command, ConfigFormat, SchemaForm, complete};
use crate::exit::ExitStatus;
use crate::settings::{self, Environment, Source};
use crate::{record, report, streams, tui};

/// Runs the command. An error is one line on standard error.
pub async fn run(cli: Cli) -> ExitStatus {
    tui::restore_on_panic();
    signals::outlive_file_limit();
    let status = Box::pin(dispatch(cli)).await.unwrap_or_else(|error| {
        stderr::print_error(&error);
        ExitStatus::Usage
    });
    // While signals are still handled, for a reader that stalls.
    streams::finish();
    status
}

async fn dispatch(cli: Cli) -> Result<ExitStatus> {
    match &cli.command {
        Some(Command::Completions(arguments)) => {
            // Shells take a carriage return, which a checkout on Windows has, as part of the word before it.
            sink::print(&arguments.shell.script().replace('\r', ""))?;
            return Ok(ExitStatus::Done);
        }
        Some(Command::Complete(arguments)) => {
            let completion = complete::complete(
                Cli::command(),
                &arguments.words,
                arguments.index,
                &Environment::process(),
            );
            sink::print(&completion.lines())?;
            return Ok(ExitStatus::Done);
        }
        Some(Command::Schema(arguments)) => return schema(arguments.form),
        Some(Command::Man(arguments)) => return man::run(arguments.dir.as_deref()),
        // Before the settings, so that the handbook works with an invalid settings file.
        Some(Command::Explain(arguments)) => return explain::run(arguments),
        _ => {}
    }
    let resolved = cli.settings(&Environment::process())?;
    logging::start(cli.verbosity())?;
    let settings = resolved.settings.clone();
    if let (Source::Flag(_), Some(format)) =
        (resolved.source("output.columns"), settings.output.format)
        && !format.takes_columns()
        && !settings.output.quiet
    {
        stderr::print(&format!(
            "rdpscan: {format} always has everything; --columns is for text, csv, xlsx, markdown and the screen"
        ));
    }
    if let Some(Command::Resume(arguments)) = &cli.command {
        return Box::pin(resume::run(arguments, &cli)).await;
    }
    match cli.command {
        None => Box::pin(scan_request::run(cli.scan, resolved)).await,
        #[cfg(feature = "sim")]
        Some(Command::Demo(arguments)) => demo::run(*arguments, resolved).await,
        Some(Command::Why(arguments)) => why::run(*arguments, settings).await,
        Some(Command::Open(arguments)) => saved::open(&arguments, settings).await,
        Some(Command::Report(arguments)) => saved::report(&arguments, &settings),
        Some(Command::Diff(arguments)) => diff::run(&arguments, &resolved),
        Some(Command::History(arguments)) => history::run(&arguments, &settings),
        Some(Command::Ack(arguments)) => acknowledge::run(&arguments, &settings),
        Some(Command::Fleets(_)) => fleets::run(&resolved),
        Some(Command::Worker(_)) => Box::pin(worker::run(settings)).await,
        Some(Command::Fix(arguments)) => fix::run(&arguments, &settings),
        Some(Command::Config(arguments)) => {
            let text = match arguments.format {
                ConfigFormat::Text => settings::text(&resolved),
                ConfigFormat::Json => settings::json(&resolved),
            };
            sink::print(&text)?;
            Ok(ExitStatus::Done)
        }
        Some(
            Command::Explain(_)
            | Command::Resume(_)
            | Command::Schema(_)
            | Command::Completions(_)
            | Command::Complete(_)
            | Command::Man(_),
        ) => Ok(ExitStatus::Done),
    }
}

/// The same text as the files in `docs/schema`, which a test holds against it.
fn schema(form: SchemaForm) -> Result<ExitStatus> {
    let schema = match form {
        SchemaForm::Report => format!("{:#}\n", report::report_schema()),
        SchemaForm::Events => format!("{:#}\n", record::event_schema()),
        SchemaForm::Facts => crate::fix::facts_schema().to_owned(),
        SchemaForm::Changes => format!("{:#}\n", report::changes_schema()),
    };
    sink::print(&schema)?;
    Ok(ExitStatus::Done)
}
