//! The `rdpscan` command.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use rdpscan::cli::{Cli, usage_error};
use rdpscan::exit::ExitStatus;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no mistakes; a reader that is gone is none either.
            drop(match usage_error(&error) {
                Some(line) => writeln!(std::io::stderr(), "{line}"),
                None => error.print(),
            });
            return ExitCode::from(
                u8::try_from(error.exit_code()).unwrap_or(ExitStatus::Usage.code()),
            );
        }
    };
    match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => {
            let status = runtime.block_on(rdpscan::app::run(cli));
            // A blocking lookup of the system's resolver cannot be called off; it must not hold the exit up.
            runtime.shutdown_background();
            status.into()
        }
        Err(_) => ExitStatus::Usage.into(),
    }
}
