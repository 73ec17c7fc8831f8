//! The `rdpscan` command.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::thread;

use clap::Parser as _;
use rdpscan::cli::{Cli, usage_error};
use rdpscan::exit::ExitStatus;
use rdpscan::platform;

/// Threads of a scan besides those of the runtime: the streams, the journal, the recording, lookups and files.
const OWN_THREADS: usize = 12;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let written = match usage_error(&error) {
                Some(line) => writeln!(io::stderr(), "{line}"),
                None => error.print(),
            };
            // Help and version are no mistakes; a reader that is gone is none either.
            let is_lost = written.is_err_and(|error| !platform::reader_is_gone(&error));
            let status = u8::try_from(error.exit_code()).ok().filter(|_| !is_lost);
            return status.map_or_else(|| ExitStatus::Usage.into(), ExitCode::from);
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    // tokio panics where it gets no thread, and may hang then.
    let runtime = platform::check_threads(workers + OWN_THREADS).and_then(|()| {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
    });
    match runtime {
        Ok(runtime) => {
            let status = runtime.block_on(rdpscan::app::run(cli));
            // A blocking lookup of the system's resolver cannot be called off; it must not hold the exit up.
            runtime.shutdown_background();
            status.into()
        }
        Err(error) => {
            drop(writeln!(
                io::stderr(),
                "rdpscan: the system refuses the threads of a scan: {error}; raise the limit of processes or of memory (ulimit -a), or close other programs"
            ));
            ExitStatus::Usage.into()
        }
    }
}
