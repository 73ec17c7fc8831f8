//! The answer about one host: what a user sees, why, the command that fixes it, and where to confirm it.

use std::borrow::Cow;

use super::layout::{Code, Item, Page, Section};
use super::question::Question;
use super::remedy;
use crate::counts::counted;
use crate::diagnosis::Undetermined;
use crate::diagnosis::handbook::handbook;
use crate::diagnosis::remedies::{self, Shell};
use crate::diagnosis::{Ending, catalog, confirm_in, endings, undetermined_lines};
use crate::fix;
use crate::fleet::Host;
use crate::model::{DnsVerdict, Finding, HostKey, HostState, StabilityVerdict};
use crate::sanitize::single_line;

/// The answer with everything else that was found, for a terminal or a ticket.
#[must_use]
pub fn of_host(host: &Host, undetermined: &[Undetermined], question: Option<&Question>) -> Page {
    let mut answer: Vec<Item> = question
        .map(|question| question.answer(&host.diagnosis))
        .into_iter()
        .collect();
    answer.extend(items(host));
    let cause = host.diagnosis.cause().map(|cause| cause.id);
    let others = host.diagnosis.findings.iter();
    let others = others
        .filter(|finding| Some(finding.id) != cause)
        .map(|finding| Item {
            text: titled(finding),
            below: about(finding),
            ..Item::default()
        });
    let undetermined = undetermined_lines(undetermined);
    let mut sections = vec![
        Section::list("", answer),
        Section::list("Other findings", others),
        Section::list("Not determined", undetermined.iter().map(Item::from)),
    ];
    sections.retain(|section| !section.items.is_empty());
    Page {
        title: format!("{}: {}", safe(&called(host)), state(host)),
        line: Some(probed(host)),
        sections,
        quotes_network: true,
    }
}

/// The label of what to write to the user who cannot connect.
pub const TELL: &str = "tell the user";

/// The lines of the answer.
#[must_use]
pub fn items(host: &Host) -> Vec<Item> {
    let mut items = vec![seen_by_user(host), why(host)];
    items.extend(fix(host));
    items.push(labeled(TELL, tell(host)));
    items
}

/// The events of the client's log confirm the error, and those of the server's log its cause.
fn confirmations(host: &Host, side: &str) -> Vec<(&'static str, String)> {
    let lines = confirm_in(&host.diagnosis).into_iter();
    let of_side = lines.filter_map(|line| line.strip_prefix(side)?.strip_prefix(", "));
    of_side
        .map(|line| ("confirm in", line.to_owned()))
        .collect()
}

fn labeled(label: &str, text: impl Into<String>) -> Item {
    Item {
        label: label.to_owned(),
        text: text.into(),
        ..Item::default()
    }
}

fn safe(text: &str) -> String {
    single_line(text).into_owned()
}

/// "srv05.corp.example (10.0.0.5:3389)"; raw network text.
fn called(host: &Host) -> String {
    let key = host.key().to_string();
    match (host.key(), host.display_name()) {
        (HostKey::Endpoint(_), Some(name)) => format!("{name} ({key})"),
        _ => key,
    }
}

fn state(host: &Host) -> String {
    let diagnosis = &host.diagnosis;
    match diagnosis.failed_stage {
        Some(stage) => format!("{} at {stage}", diagnosis.state),
        None => diagnosis.state.to_string(),
    }
}

/// "3 attempts, 2 by name and 1 by address, the last at 2026-03-01 12:00:00 UTC".
fn probed(host: &Host) -> String {
    let history = host.history();
    let by_name = history.attempts.iter();
    let by_name = by_name.filter(|attempt| attempt.sni.is_some()).count();
    let all = history.attempts.len();
    let Some(last) = history
        .attempts
        .iter()
        .map(|attempt| attempt.started_at)
        .max()
    else {
        return "no connection was attempted".to_owned();
    };
    let last = crate::model::UtcSecond::from(last).civil();
    format!(
        "{}, {by_name} by name and {} by address, the last at {} UTC",
        counted(all as u64, "connection", "connections"),
        all - by_name,
        last.strftime("%Y-%m-%d %H:%M:%S")
    )
}

fn seen_by_user(host: &Host) -> Item {
    let label = "the user sees";
    let Some(predicted) = &host.diagnosis.predicted else {
        let text = match (host.diagnosis.cause(), host.diagnosis.state) {
            (Some(cause), _) => {
                catalog::kind(cause.id).map_or_else(String::new, |kind| kind.user.clone())
            }
            (None, HostState::Healthy | HostState::Degraded) => {
                "a sign-in prompt: the connection works".to_owned()
            }
            (None, _) => "not known: the host was not probed".to_owned(),
        };
        return labeled(label, text);
    };
    let entry = handbook().entry(predicted.code);
    let code = entry.map_or(predicted.code.into(), |entry| entry.label());
    let text = entry.and_then(|entry| entry.says.as_deref());
    let text = text.map_or_else(|| predicted.name.to_owned(), |says| format!("\"{says}\""));
    let cause = host.diagnosis.cause().map(|cause| &*cause.title);
    let reasons = predicted.reasons.iter().map(String::as_str);
    // The cause itself follows, under why.
    let reasons = reasons.filter(|reason| cause.is_none_or(|cause| !reason.contains(cause)));
    let mut parts = vec![format!("likelihood {} %", predicted.likelihood)];
    parts.extend(reasons.map(safe));
    let mut below = vec![("", parts.join("; "))];
    below.extend(confirmations(host, "client"));
    Item {
        below,
        ..labeled(label, format!("{code}: {text}"))
    }
}

fn why(host: &Host) -> Item {
    let label = "why";
    if let Some(cause) = host.diagnosis.cause() {
        let mut below = about(cause);
        below.extend(confirmations(host, "server"));
        return Item {
            mark: cause.acknowledged.is_none().then_some(cause.severity),
            is_acknowledged: cause.acknowledged.is_some(),
            below,
            ..labeled(label, titled(cause))
        };
    }
    let history = host.history();
    let (mut through, mut all) = (0, 0);
    for ending in endings(&history.attempts) {
        through += u32::from(matches!(ending, Ending::Through));
        all += u32::from(!matches!(ending, Ending::NotCounted));
    }
    let text = match host.diagnosis.state {
        HostState::Healthy | HostState::Degraded => {
            format!("nothing stops a connection: {through} of {all} attempts got through")
        }
        HostState::Skipped => "the host was skipped before its probes were complete".to_owned(),
        _ if host.complete() => {
            "no rule explains what was seen; the timeline has every attempt".to_owned()
        }
        _ => "more attempts will follow".to_owned(),
    };
    labeled(label, text)
}

/// The title, with a word behind it where the finding does not count.
fn titled(finding: &Finding) -> String {
    let title = safe(&finding.title);
    match &finding.acknowledged {
        Some(known) => format!("{title} ({})", known.word()),
        None => title,
    }
}

/// The evidence, and what the finding is called.
fn about(finding: &Finding) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if !finding.evidence.is_empty() {
        lines.push(("seen", safe(&finding.evidence)));
    }
    lines.extend((finding.acknowledged.as_ref()).map(|one| ("", safe(&one.to_string()))));
    lines.push((
        "",
        format!(
            "{}, {}, {}",
            finding.id,
            finding.severity,
            finding.confidence.word()
        ),
    ));
    lines
}

fn fix(host: &Host) -> Option<Item> {
    let cause = host.diagnosis.cause()?;
    let first = fix::remedy_for(host, cause)?;
    let command = fix::main_command(host, first);
    let step = match &command {
        Some(command) => command.step,
        None => first.steps.first().map_or("", |step| &step.text),
    };
    let mut below = vec![("this step", step.to_owned())];
    let places: Vec<&str> = first.places.iter().map(|place| place.words()).collect();
    below.push(("where", places.join("; ")));
    if command.as_ref().is_none_or(|command| !command.read_only) {
        below.push(("interrupts", first.interrupts.clone()));
        below.extend(first.not_for.clone().map(|not_for| ("not for", not_for)));
    }
    let script = fix::script_command(host, first).map(|line| Code {
        label: "PowerShell, in the folder that `rdpscan fix` writes: the fix script, with what comes before".to_owned(),
        language: Shell::PowerShell.word(),
        lines: vec![Cow::from(line)],
    });
    let by_hand = command.map(|command| Code {
        label: match script {
            Some(_) => format!(
                "by hand: {}",
                remedy::label(command.shell, command.read_only)
            ),
            None => remedy::label(command.shell, command.read_only),
        },
        language: command.shell.word(),
        lines: command.lines.into_iter().map(Cow::from).collect(),
    });
    let steps = counted(first.steps.len() as u64, "step", "steps");
    below.push((
        "",
        format!("{steps}, undo and check: rdpscan explain {}", first.key),
    ));
    let then = cause.remedies.iter().skip_while(|key| **key != first.key);
    let then: Vec<String> = then
        .skip(1)
        .filter_map(|key| remedies::find(key))
        .map(|remedy| format!("{} {}", remedy.key, remedy.title))
        .collect();
    if !then.is_empty() {
        below.push(("if that does not help", then.join("; ")));
    }
    Some(Item {
        below,
        code: script.into_iter().chain(by_hand).collect(),
        ..labeled("fix", format!("{} {}", first.key, first.title))
    })
}

/// What to write to the user who cannot connect.
fn tell(host: &Host) -> String {
    let diagnosis = &host.diagnosis;
    let name = host
        .display_name()
        .map_or_else(|| host.key().to_string(), ToOwned::to_owned);
    let name = safe(&name);
    let by_name = matches!(
        diagnosis.dns,
        DnsVerdict::Missing
            | DnsVerdict::AliasLoop
            | DnsVerdict::Stale
            | DnsVerdict::WrongHost
            | DnsVerdict::PartialDead
            | DnsVerdict::AaaaDead
    );
    let stability = &diagnosis.stability;
    let through = stability.attempts.saturating_sub(stability.failures);
    match diagnosis.state {
        HostState::Degraded | HostState::Healthy | HostState::Unreachable if by_name => format!(
            "The name {name} does not lead to the right computer. Your password and your computer are not the cause; the name record (DNS) has to be corrected."
        ),
        HostState::Broken => format!(
            "{name} ends the connection before it asks for your password. Your password and your computer are not the cause; the server has to be fixed."
        ),
        HostState::Degraded if stability.verdict == StabilityVerdict::Flaky => format!(
            "{name} accepts only some connections, {through} of {} in our test. Try again; we are looking for the cause.",
            stability.attempts
        ),
        HostState::Degraded => format!(
            "{name} accepts connections, and a fault was found that we will fix. If a certificate warning appears, ask us before you accept it."
        ),
        HostState::Healthy => format!(
            "{name} accepts connections now. Try again; if it fails, send us the code and the exact time."
        ),
        HostState::Closed => format!(
            "{name} is on the network, but Remote Desktop is not running there. Your password is not the cause."
        ),
        HostState::Filtered | HostState::Unreachable => format!(
            "{name} cannot be reached over the network from here. If you are not in the office, check that your VPN is connected; else we have to look at the network."
        ),
        HostState::NotRdp => format!(
            "Another service than Remote Desktop answers at {name}. Check the name and the port that you typed."
        ),
        HostState::Skipped | HostState::NotProbed => {
            format!("{name} was not tested. Please wait for our next message.")
        }
    }
}
