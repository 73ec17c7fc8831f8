use jiff::tz::Offset;

use super::validity::holds_now;
use super::windows_builds::{self, Build};
use super::{Rule, contradicts_itself, found, lacking, sure};
use crate::diagnosis::catalog::Verdict;
use crate::diagnosis::host_view::{Counted, HostView};
use crate::diagnosis::identity::normal;
use crate::model::{Confidence, NameSource, NtlmFacts};

pub(super) const RULES: &[Rule] = &[
    ("RDP-CREDSSP-OLD", credssp_old),
    ("RDP-OS-EOL", end_of_life),
    ("RDP-WORKGROUP", workgroup),
    ("RDP-KRB-NOTE", kerberos_note),
];

/// The last `CredSSP` version before the fix of 2018 (MS-CSSP 2.2.1; the fix came with 5 and 6).
const LAST_UNFIXED: u32 = 4;

fn credssp_old(sight: &HostView<'_>) -> Verdict {
    let Some(version) = sight.ntlm.and_then(|ntlm| ntlm.tsrequest_version) else {
        return Verdict::Silent;
    };
    // The newest version is what this program offers: a lower one in the answer is the server's own.
    if !(2..=LAST_UNFIXED).contains(&version) {
        return Verdict::Silent;
    }
    if !sight.server.is_windows() {
        return contradicts_itself(sight).unwrap_or(Verdict::Silent);
    }
    sure(
        "RDP-CREDSSP-OLD",
        "The server speaks a CredSSP version from before the 2018 fix; patched clients refuse it",
        format!("CredSSP version {version}"),
    )
}

fn end_of_life(sight: &HostView<'_>) -> Verdict {
    let Some(ntlm) = sight.ntlm else {
        return Verdict::Silent;
    };
    let Some(version) = ntlm.version else {
        return Verdict::Silent;
    };
    if !sight.server.is_windows() {
        return contradicts_itself(sight).unwrap_or(Verdict::Silent);
    }
    let Some(known) = windows_builds::of(version) else {
        return lacking(
            "the end of this build is not known here",
            "a newer version of this program, or the vendor's page",
        );
    };
    let Build {
        products,
        ends,
        long_term,
        ..
    } = *known;
    let day = |now| Offset::UTC.to_datetime(now).date();
    match holds_now(sight, |now| day(now) > ends) {
        Ok(true) => {}
        Ok(false) => return Verdict::Silent,
        Err(doubt) => return doubt,
    }
    let today = day(sight.now);
    let build = ntlm.build().unwrap_or_default();
    let still = long_term.filter(|end| today <= *end);
    let (confidence, more) = match still {
        Some(end) => (
            Confidence::Hint,
            format!("the long-term edition until {end}"),
        ),
        None => (Confidence::Likely, "paid extensions aside".to_owned()),
    };
    Verdict::Fires(found(
        "RDP-OS-EOL",
        confidence,
        format!("Windows {products} may no longer get updates"),
        format!("build {build}: regular updates ended on {ends}, {more}"),
    ))
}

/// The domain in which the machine lives, when it is not the machine itself.
fn domain(ntlm: &NtlmFacts) -> Option<&str> {
    let domain = ntlm.netbios_domain.as_deref()?;
    let computer = ntlm.netbios_computer.as_deref()?;
    (!domain.is_empty() && normal(domain) != normal(computer)).then_some(domain)
}

fn workgroup(sight: &HostView<'_>) -> Verdict {
    let Some(ntlm) = sight.ntlm else {
        return Verdict::Silent;
    };
    let (Some(domain), Some(computer)) = (&ntlm.netbios_domain, &ntlm.netbios_computer) else {
        return lacking(
            "NTLM names no domain or no computer",
            "a look at the host itself",
        );
    };
    if computer.is_empty() || normal(domain) != normal(computer) {
        return Verdict::Silent;
    }
    // Other servers have no domain to tell, and send their own name for it.
    if !sight.server.is_windows() {
        return contradicts_itself(sight).unwrap_or(Verdict::Silent);
    }
    sure(
        "RDP-WORKGROUP",
        "The host belongs to no domain, so only NTLM is possible",
        format!("its NetBIOS domain is its own name, {computer}"),
    )
}

/// A note, never a fault: on the wire both ways look the same, and what Kerberos does cannot be seen.
fn kerberos_note(sight: &HostView<'_>) -> Verdict {
    let Some(domain) = sight.ntlm.and_then(domain) else {
        return Verdict::Silent;
    };
    if !sight.history.listed || !sight.server.is_windows() {
        return Verdict::Silent;
    }
    let names = &sight.history.names;
    let given_by_name = names.iter().any(|name| name.source == NameSource::Target);
    let (title, evidence) = if !given_by_name {
        (
            "By IP the log-on uses NTLM, by name Kerberos: one can work where the other fails",
            format!("member of {domain}, given as an address"),
        )
    } else if both_ways_work(sight) {
        (
            "By name and by IP the wire looks the same: where only one works for a user, it is Kerberos or NTLM",
            format!("member of {domain}, attempts by name and by IP get through"),
        )
    } else {
        return Verdict::Silent;
    };
    Verdict::Fires(found("RDP-KRB-NOTE", Confidence::Hint, title, evidence))
}

/// Every attempt got through, some by name and some by IP.
fn both_ways_work(sight: &HostView<'_>) -> bool {
    let by = |name: bool| {
        let mut counted = sight.counted.iter();
        counted.any(|one| one.attempt.sni.is_some() == name)
    };
    by(true) && by(false) && sight.counted.iter().all(Counted::is_through)
}
