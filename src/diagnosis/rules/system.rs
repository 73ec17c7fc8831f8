use super::certificate_dates::holds_now;
use super::windows_builds::{self, Build};
use super::{
    Family, Rule, RuleVerdict, Verdict, contradictory_version, hint, identity_step, likely,
    matched, sure, undetermined,
};
use crate::diagnosis::ending::{CountedAttempt, connected};
use crate::diagnosis::host_view::HostView;
use crate::diagnosis::identity::{ServerKind, normal};
use crate::model::{Confidence, NameSource, NtlmFacts, utc_day};

pub(super) const FAMILY: Family = Family {
    entries: include_str!("system.toml"),
    rules: &[
        ("RDP-NOT-WINDOWS", Rule::Host(not_windows)),
        ("RDP-OS-EOL", Rule::Host(end_of_life)),
        ("RDP-WORKGROUP", Rule::Host(workgroup)),
        ("RDP-KRB-NOTE", Rule::Host(kerberos_note)),
    ],
};

fn not_windows(host: &HostView<'_>) -> RuleVerdict {
    match host.server {
        // The remedy is about xrdp's own file, which other servers do not have.
        ServerKind::NotWindows(shown) if !shown.of_xrdp() => likely(shown.words()).remedies(&[]),
        ServerKind::NotWindows(shown) => likely(shown.words()),
        ServerKind::Windows => Verdict::Silent,
        // What never accepted a connection has nothing to show.
        ServerKind::Unknown if !host.history.attempts.iter().any(connected) => Verdict::Silent,
        ServerKind::Unknown => contradictory_version(host).unwrap_or_else(|| {
            undetermined(
                "nothing identifies the operating system",
                identity_step(host),
            )
        }),
    }
}

fn end_of_life(host: &HostView<'_>) -> RuleVerdict {
    let Some((ntlm, version)) = host.ntlm.and_then(|ntlm| Some((ntlm, ntlm.version?))) else {
        return Verdict::Silent;
    };
    if !host.server.is_windows() {
        return contradictory_version(host).unwrap_or(Verdict::Silent);
    }
    let Some(known) = windows_builds::of(version) else {
        return undetermined(
            "the end of this build is not known here",
            "a newer version of this program, or the vendor's page",
        );
    };
    let Build {
        products,
        ends,
        long_term,
        ..
    } = known;
    let (ends, long_term) = (*ends, *long_term);
    if let Err(verdict) = holds_now(host, |now| utc_day(now) > ends) {
        return verdict;
    }
    let today = utc_day(host.now);
    let build = ntlm.build().unwrap_or_default();
    let (confidence, more) = match long_term.filter(|end| today <= *end) {
        Some(end) => (
            Confidence::Hint,
            format!("the long-term edition until {end}"),
        ),
        None => (Confidence::Likely, "paid extensions aside".to_owned()),
    };
    matched(
        confidence,
        format!("build {build}: regular updates ended on {ends}, {more}"),
    )
    .title(format!("Windows {products} may no longer get updates"))
}

/// The domain of the machine, when it is not the machine itself.
fn domain(ntlm: &NtlmFacts) -> Option<&str> {
    let domain = ntlm.netbios_domain.as_deref()?;
    let computer = ntlm.netbios_computer.as_deref()?;
    (!domain.is_empty() && normal(domain) != normal(computer)).then_some(domain)
}

fn workgroup(host: &HostView<'_>) -> RuleVerdict {
    let Some(ntlm) = host.ntlm else {
        return Verdict::Silent;
    };
    let (Some(domain), Some(computer)) = (&ntlm.netbios_domain, &ntlm.netbios_computer) else {
        return undetermined(
            "NTLM names no domain or no computer",
            "a look at the host itself",
        );
    };
    if computer.is_empty() || normal(domain) != normal(computer) {
        return Verdict::Silent;
    }
    // Other servers have no domain, and send their own name for it.
    if !host.server.is_windows() {
        return contradictory_version(host).unwrap_or(Verdict::Silent);
    }
    sure(format!("its NetBIOS domain is its own name, {computer}"))
        .title("The host belongs to no domain: expect NTLM, unless it is joined to Entra")
}

/// A note, never a fault: on the wire both ways look the same, and what Kerberos does cannot be seen.
fn kerberos_note(host: &HostView<'_>) -> RuleVerdict {
    let Some(domain) = host.ntlm.and_then(domain) else {
        return Verdict::Silent;
    };
    if !host.history.listed || !host.server.is_windows() {
        return Verdict::Silent;
    }
    let names = &host.history.names;
    let given_by_name = names.iter().any(|name| name.source == NameSource::Target);
    if !given_by_name {
        hint(format!("member of {domain}, given as an address")).title(
            "By IP the log-on uses NTLM, by name Kerberos: one can work where the other fails",
        )
    } else if both_ways_work(host) {
        hint(format!("member of {domain}, attempts by name and by IP get through")).title(
            "By name and by IP the wire looks the same: where only one works for a user, it is Kerberos or NTLM",
        )
    } else {
        Verdict::Silent
    }
}

/// Every attempt got through, some by name and some by IP.
fn both_ways_work(host: &HostView<'_>) -> bool {
    let by = |name: bool| {
        let mut counted = host.counted.iter();
        counted.any(|one| one.attempt.sni.is_some() == name)
    };
    by(true) && by(false) && host.counted.iter().all(CountedAttempt::is_through)
}
