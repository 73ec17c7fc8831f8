//! Acknowledging a finding of a host, and letting it count again.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::export;
use crate::fleet::HostId;
use crate::model::utc_day;
use crate::sanitize::excerpt;
use crate::tui::action::{Acknowledge, Effect};
use crate::tui::model::{Model, Overlay, Question};
use crate::tui::theme::Tone;

/// Days until the end that is offered.
const OFFERED: i64 = 90;

/// Asks until when and why; lets a finding that is acknowledged count again.
pub(super) fn ask(model: &mut Model, finding: &'static str) -> Option<Effect> {
    let [host] = *model.targeted_hosts() else {
        return None;
    };
    let mut findings = model.fleet.host(host)?.diagnosis.findings.iter();
    let known = findings.find(|one| one.id == finding)?.acknowledged.clone();
    match known {
        None => {
            // A saved scan may be older than the days that are offered.
            let now = model.today.or(model.fleet.times().map(|times| times.1))?;
            let until = utc_day(now).saturating_add(OFFERED.days());
            let question = Question::Acknowledge { host, finding };
            model.overlay = Overlay::prompt(question, format!("{until} "));
            None
        }
        Some(known) if known.until.is_none() => {
            let message = format!("{finding} is {known}: change the settings");
            model.notify(message, Tone::Notice);
            None
        }
        Some(_) => send(
            model,
            Acknowledge {
                host,
                finding,
                until: None,
            },
        ),
    }
}

/// Takes the answer: a day, and why. An invalid one is said.
pub(super) fn accept(
    model: &mut Model,
    host: HostId,
    finding: &'static str,
    typed: &str,
) -> Result<Option<Effect>, String> {
    let (day, note) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let Ok(day) = day.parse::<Date>() else {
        return Err(format!(
            "`{}` is not a day: write it as 2027-01-31, and the note behind it",
            excerpt(day)
        ));
    };
    let note = note.trim();
    if note.is_empty() {
        return Err("there is no note: write why behind the day".to_owned());
    }
    Ok(send(
        model,
        Acknowledge {
            host,
            finding,
            until: Some((day, note.to_owned())),
        },
    ))
}

fn send(model: &mut Model, wanted: Acknowledge) -> Option<Effect> {
    export::check_idle(model)?;
    model.writing = true;
    Some(Effect::Acknowledge(wanted))
}
