//! `rdpscan demo`: the real scanner over a simulated fleet on loopback.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cli::DemoArgs;
use crate::exit::ExitStatus;
use crate::settings::{Resolved, Source};
use crate::sim::{Ports, Scenario, SimulatedFleet, StartOptions};
use crate::targets::TargetSetBuilder;
use crate::{clock, sanitize};

use super::{Wish, outputs, signals};

/// The simulated hosts answer at once, so a second of silence is silence.
const DEMO_STAGE: Duration = Duration::from_millis(1500);
/// Nobody is waiting on the simulated hosts, so attempts may follow each other sooner.
const DEMO_INTERVAL: Duration = Duration::from_millis(400);

pub(super) async fn run(arguments: DemoArgs, resolved: Resolved) -> Result<ExitStatus> {
    let mut settings = resolved.settings.clone();
    if *resolved.source("scan.timeout") == Source::Default {
        settings.scan.timeout = DEMO_STAGE;
    }
    if *resolved.source("scan.interval") == Source::Default {
        settings.scan.interval = DEMO_INTERVAL;
    }
    let stop = signals::listen();
    let options = StartOptions {
        now: clock::wall(),
        ports: Ports::Usual,
    };
    let fleet = SimulatedFleet::start(&Scenario::demo()?, options)
        .await
        .context("the simulated fleet cannot start")?;
    // Only the simulated server knows these names, and no name of the demo may reach a real one.
    settings.names.servers = vec![fleet.dns];
    let mut builder = TargetSetBuilder::new(&[fleet.port]);
    // Without lookups a name leads nowhere, and there is an address of nearly every host.
    let dns = settings.names.dns;
    let is_wanted = |target: &String| dns || target.parse::<SocketAddr>().is_ok();
    for target in fleet.targets().into_iter().filter(is_wanted) {
        builder.add_text(&target)?;
    }
    let targets = builder.build()?;
    let wish = Wish::new(arguments.output.output.as_deref(), settings)?;
    if !wish.settings.output.quiet {
        outputs::tell(&format!(
            "{}: all hosts are simulated, on this machine's loopback; nothing leaves it",
            sanitize::terminal(&fleet.title)
        ));
    }
    let status = wish.carry_out(targets, true, &stop).await;
    fleet.stop().await;
    status
}
