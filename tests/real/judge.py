"""Compares hosts of a report with the manifest farm.toml and with the members that the balancers passed connections to."""

import re

import certificates
import client
from compare import MISSING, SEVERITIES, value_at

# A member that sent this many bytes sent its certificate; a confirm with negotiation data has this length.
CERTIFICATE_BYTES, CONFIRM_BYTES = 400, 19
# Most connections to one host in a default scan, and where its answers differ.
CEILING, CEILING_DIFFERENT = 5, 8


class Contacts:
    """The connections of one scan that reached members of one kind."""

    def __init__(self, member, received):
        self.kind, self.certificate, self.fails = member.kind, member.certificate, member.fails
        self.findings, self.alone = member.findings, member.alone
        self.any = bool(received)
        # Behind DNAT the bytes are unknown: then a good member counts as passed, and a bad one as failed.
        self.passed = any(not member.fails if one is None else one >= CERTIFICATE_BYTES for one in received)
        self.failed = bool(member.fails) and any(one is None or self.is_failure(one) for one in received)

    def is_failure(self, received):
        """A connection that offered TLS failed; one without negotiation data receives fewer bytes than a confirm."""
        return CONFIRM_BYTES <= received < CERTIFICATE_BYTES if "tls" in self.fails else received == 0


def contacts_of(case, connections):
    """The contacts of each kind of member."""
    kinds = {member.name: member.kind for member in case.members}
    received = {member.kind: [] for member in case.members}
    for one in connections:
        received[kinds[one.member]].append(one.received)
    return [Contacts(member, received[member.kind]) for member in {member.kind: member for member in case.members}.values()]


class Judge:
    """Compares hosts of a report with the manifest and with what the balancers counted."""

    def __init__(self, manifest, folder):
        self.manifest = manifest
        self.folder = folder

    def errors(self, case, host, connections, *, strict, limited):
        """Everything that is wrong in one host of a report.

        `strict`: each kind of member must have been contacted, and all expectations must hold. `limited`: the scan used the
        defaults, and the number of connections has a ceiling.
        """
        if host is None:
            return ["it is not in the report"]
        contacts = contacts_of(case, connections)
        differ = any(one.passed for one in contacts) and any(one.failed for one in contacts)
        complete = all(one.passed or one.failed for one in contacts)
        if not case.once:
            complete = complete and (differ or not any(one.fails for one in contacts))
        errors = [*inconsistencies(host), *self.missing_answers(host, contacts, strict)]
        errors += self.unexpected_findings(case, host, contacts, differ)
        if not case.once:
            errors += count_errors(host, len(connections))
        if limited and len(connections) > (ceiling := CEILING_DIFFERENT if self.different(contacts) else CEILING):
            errors.append(f"{len(connections)} connections, more than {ceiling}")
        if strict and not complete:
            asked = [one.kind for one in contacts if one.passed or one.failed]
            errors.append(f"requests that offer TLS went to {' and '.join(asked) or 'no member'} only")
        if strict or complete:
            for rules in self.rules(case):
                errors += self.rule_errors(case, rules, host)
        return errors

    def rules(self, case):
        """The tables of expectations for a case."""
        return [*(self.manifest["right"][name] for name in case.table.get("right", [])), case.table]

    def thumbprint(self, name):
        """SHA-256 of a certificate."""
        return certificates.truth(self.folder / "certificates" / name)["sha256"]

    @staticmethod
    def different(contacts):
        """The members that were contacted fail, or have certificates that differ."""
        return any(one.failed for one in contacts) or len({one.certificate for one in contacts if one.passed}) > 1

    def missing_answers(self, host, contacts, strict):
        """Members that were contacted without an answer in the report; those that sent no byte count only where `strict`."""
        answers = host.get("answers")
        if not isinstance(answers, list):
            yield "answers is absent"
            return
        thumbprints = {answer.get("certificate_sha256") for answer in answers}
        stages = {answer.get("failed_stage") for answer in answers}
        # A silence that a longer deadline explains is no answer of its own.
        if any(answer.get("probe") == "long_deadline" and not answer.get("failed_stage") for answer in answers):
            stages.add("x224")
        for one in contacts:
            if one.passed and one.certificate and self.thumbprint(one.certificate) not in thumbprints:
                yield f"no answer has the certificate of {one.kind}"
            if one.failed and (strict or "tls" in one.fails) and not stages & set(one.fails):
                yield f"no answer fails at {' or '.join(one.fails)}, as {one.kind} does"

    def unexpected_findings(self, case, host, contacts, differ):
        """Findings above info without a cause in any member that was contacted."""
        expected = {*self.manifest["every"]["also"], *case.table.get("also", [])}
        for rules in self.rules(case):
            expected |= {*rules.get("findings", []), *rules.get("one_of", [])}
        expected |= {name for one in contacts if one.any for name in one.findings}
        if not any(one.passed for one in contacts):
            expected |= {name for one in contacts if one.any for name in one.alone}
        if len({one.certificate for one in contacts if one.passed}) > 1:
            expected.add("RDP-CERT-FLAPPING")
        # Each server answers the same way every time: only members that differ make a host flaky.
        expected = expected | {"RDP-FLAKY"} if differ else expected - {"RDP-FLAKY"}
        for finding in host["findings"]:
            if finding["id"] not in expected and finding["severity"] != "info":
                yield f"{finding['id']} ({finding['severity']}, {finding['confidence']}) is unexpected: {finding['evidence']}"

    def rule_errors(self, case, rules, host):
        """The expectations of one table that the host does not meet."""
        for path, wanted in rules.get("values", {}).items():
            seen = value_at(host, path)
            seen = None if seen is MISSING else seen
            wanted = [None if one == "null" else one for one in (wanted if isinstance(wanted, list) else [wanted])]
            if seen not in wanted:
                yield f"{path} is {seen!r}, not {' or '.join(map(repr, wanted))}"
        findings = {finding["id"]: finding for finding in host["findings"]}
        texts = {name: f"{finding['title']}: {finding['evidence']}" for name, finding in findings.items()}
        for name in rules.get("findings", []):
            if name not in findings:
                yield f"{name} is missing"
        if "one_of" in rules and not findings.keys() & set(rules["one_of"]):
            yield f"none of {', '.join(rules['one_of'])} is there"
        for name, pattern in rules.get("evidence", {}).items():
            if name in findings and not re.search(pattern, texts[name]):
                yield f"{name} does not match {pattern}: {texts[name]}"
        if "some_evidence" in rules and not any(re.search(rules["some_evidence"], text) for text in texts.values()):
            yield f"no evidence matches {rules['some_evidence']}: {texts}"
        for name, severity in rules.get("severities", {}).items():
            if name in findings and findings[name]["severity"] != severity:
                yield f"{name} is {findings[name]['severity']}, not {severity}"
        if rules.get("certificate"):
            seen = value_at(host, "certificate.sha256")
            if seen not in [self.thumbprint(name) for name in case.certificates]:
                yield f"the certificate is {'absent' if seen is MISSING else seen}, not the server's"


def inconsistencies(host):
    """Contradictions in one host of a report, whatever the server is."""
    state, verdict = host["state"], host["stability"]["verdict"]
    code = (host["predicted_client_error"] or {}).get("code")
    attempts, failures = host["stability"]["attempts"], host["stability"]["failures"]
    severe = [one["id"] for one in host["findings"] if SEVERITIES.index(one["severity"]) <= SEVERITIES.index("medium")]
    listed = [one["id"] for one in host["findings"] if one["severity"] != "info"]
    if failures and failures == attempts and (not code or not listed or state not in client.OUT):
        yield f"all {attempts} attempts fail, and it is {state} with code {code} and findings {listed}"
    if state == "healthy" and (code or severe):
        yield f"healthy beside {code} and {severe}"
    if ("RDP-FLAKY" in listed) != (verdict == "flaky"):
        yield f"stability is {verdict}, and the findings are {listed}"
    for finding in host["findings"]:
        if not finding["evidence"]:
            yield f"{finding['id']} has no evidence"
        if finding["severity"] == "critical" and failures < attempts:
            yield f"{finding['id']} is critical, and {attempts - failures} of {attempts} attempts got through"


def count_errors(host, connections):
    """Where the numbers of `answers` do not agree with each other or with the balancer."""
    answers, attempts = host.get("answers") or [], host["stability"]["attempts"]
    counts = [one["connections"] for one in answers if one["probe"] == "default"]
    if answers and sum(counts) != attempts:
        yield f"the answers to the default probe count {' + '.join(map(str, counts))} connections of {attempts} attempts"
    if sum(one["connections"] for one in answers) > connections:
        yield f"the answers count more connections than the balancer: {connections}"
    if counts != sorted(counts, reverse=True):
        yield f"the answers are not in the order of their connections: {counts}"
    for one in answers:
        if one["probe"] == "default" and abs(one["share"] - 100 * one["connections"] / attempts) > 1:
            yield f"{one['connections']} of {attempts} attempts is no share of {one['share']} percent"


def summary(host, connections):
    """The report and the balancer in one line, for debugging."""
    answers = []
    for one in host.get("answers") or []:
        facts = [str(one[part]) for part in ("probe", "failed_stage", "outcome", "selected", "tls_version") if one.get(part)]
        answers.append(f"{one.get('connections')}x {' '.join(facts)} {(one.get('certificate_sha256') or '')[:6]}".strip())
    stability = host["stability"]
    return "; ".join(
        [
            f"{host['state']}, failed at {host['failed_stage']}",
            f"{stability['verdict']} {stability['failures']}/{stability['attempts']}",
            f"{value_at(host, 'security.selected')}, TLS {(host['tls'] or {}).get('version')}",
            f"code {(host['predicted_client_error'] or {}).get('code')}",
            "findings " + ", ".join(f"{one['id']} {one['severity']}" for one in host["findings"] if one["severity"] != "info"),
            f"answers {', '.join(answers) or None}",
            "balancer " + " ".join(f"{one.member}={'?' if one.received is None else one.received}" for one in connections),
        ]
    )
