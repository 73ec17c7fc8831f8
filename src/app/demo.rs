//! `rdpscan demo`: the real scanner over a simulated fleet on loopback.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cli::DemoArgs;
use crate::clock;
use crate::exit::ExitStatus;
use crate::settings::{Resolved, Source};
use crate::sim::{Ports, Scenario, SimulatedFleet, StartOptions};
use crate::targets::TargetSetBuilder;

use super::scan_request::{Kind, ScanRequest};
use super::{rules, signals, stderr};

/// Simulated hosts answer at once, so a short timeout is enough.
const DEMO_STAGE: Duration = Duration::from_millis(1500);
/// Simulated hosts have no other clients, so attempts may follow sooner.
const DEMO_INTERVAL: Duration = Duration::from_millis(400);

pub(super) async fn run(arguments: DemoArgs, resolved: Resolved) -> Result<ExitStatus> {
    let mut settings = resolved.settings.clone();
    if resolved.source("scan.timeout") == Source::Default {
        settings.scan.timeout = DEMO_STAGE;
    }
    if resolved.source("scan.interval") == Source::Default {
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
    // No name of the demo may reach a real DNS server.
    settings.names.servers = vec![fleet.dns];
    let mut builder = TargetSetBuilder::new(&[fleet.port]);
    // Without lookups only addresses can be scanned, and nearly every host has one in the list.
    let dns = settings.names.dns;
    let is_wanted = |target: &String| dns || target.parse::<SocketAddr>().is_ok();
    for target in fleet.targets().into_iter().filter(is_wanted) {
        builder.add_text(&target)?;
    }
    let targets = builder.build()?;
    let request = ScanRequest::new(&arguments.output.outputs, settings)?;
    if !request.settings.output.quiet {
        stderr::print(&format!(
            "{}: all hosts are simulated, on this machine's loopback; nothing leaves it",
            fleet.title
        ));
    }
    let rules = rules::of_settings(&request.settings);
    let status = request
        .run(targets.into(), Kind::Simulated, rules, &stop)
        .await;
    fleet.stop().await;
    status
}
