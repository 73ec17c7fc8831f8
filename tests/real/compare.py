"""Compares a report of the lab's fleet with what was set up: `compare.py REPORT.json LAB_FOLDER`.

Prints one line per check, and at the end how many passed; fails when one did not.
"""

import datetime
import json
import pathlib
import sys
import tomllib

import certificates
from checks import MISSING, Checks

HERE = pathlib.Path(__file__).parent
SEVERITIES = ["critical", "high", "medium", "low", "info"]


def value_at(tree, path):
    """The value at a dotted path, `MISSING` when a step of it is not there."""
    for step in path.split("."):
        if not isinstance(tree, dict) or step not in tree:
            return MISSING
        tree = tree[step]
    return tree


def moment(text):
    """A date of the report or of openssl, to the second."""
    return datetime.datetime.fromisoformat(str(text).replace(" ", "T")).replace(microsecond=0)


def check_moment(checks, what, seen, wanted):
    """Dates are equal when they name the same second, however they are written."""
    try:
        same = seen is not MISSING and moment(seen) == moment(wanted)
    except ValueError:
        same = False
    checks.true(f"{what} is {wanted}", same, f"it is {seen!r}")


def check_certificate(checks, who, host, table, truth):
    """Everything that openssl and the recipe know of the certificate."""
    seen = host.get("certificate") or {}
    for digest in ("sha1", "sha256"):
        checks.equal(f"{who} certificate.{digest}", seen.get(digest, MISSING), truth[digest])
    for end in ("not_before", "not_after"):
        check_moment(checks, f"{who} certificate.{end}", seen.get(end, MISSING), truth[end])
    checks.equal(f"{who} certificate.common_name", seen.get("common_name", MISSING), table["common_name"])
    kind, size = table.get("key", "rsa:2048").split(":")
    wanted = {"algorithm": kind.upper(), "bits": int(size.removeprefix("P-"))}
    key = seen.get("key") or {}
    checks.equal(f"{who} certificate.key", {part: key.get(part) for part in wanted}, wanted)
    if kind == "rsa" and "digest" not in table:
        checks.equal(f"{who} certificate.signature_algorithm", seen.get("signature_algorithm"), "sha256WithRSAEncryption")
    checks.equal(f"{who} certificate.self_signed", seen.get("self_signed", MISSING), "issuer" not in table)
    checks.equal(f"{who} certificate.chain_length", seen.get("chain_length", MISSING), len(table.get("sends", [0])))
    names = table.get("san", [])
    checks.equal(f"{who} certificate.san", sorted(seen.get("san") or []), sorted(names))


def check_host(checks, fleet, lab, setup, host):
    """One host of the manifest against its object in the report."""
    who = setup["address"]
    if host is None:
        checks.true(f"{who} is in the report ({setup['about']})", False, "it is not")
        return
    for path, wanted in setup["expect"].items():
        # TOML knows no null; a word stands for it.
        wanted = None if wanted == "null" else wanted
        checks.equal(f"{who} {path}", value_at(host, path), wanted)
    if "certificate" in setup and "certificate" not in setup["expect"]:
        table = fleet["certificate"][setup["certificate"]]
        check_certificate(checks, who, host, table, certificates.truth(lab / "certificates" / setup["certificate"]))
    if setup["server"] in ("xrdp", "freerdp"):
        checks.equal(f"{who} failed_stage", host.get("failed_stage", MISSING), None)
        checks.equal(f"{who} stability.verdict", value_at(host, "stability.verdict"), "steady")
        checks.equal(f"{who} stability.failures", value_at(host, "stability.failures"), 0)
    ids = [finding.get("id") for finding in host.get("findings", [])]
    for wanted in setup.get("findings", []):
        checks.true(f"{who} has {wanted}", wanted in ids, f"it has {ids}")
    for unwanted in [*setup.get("not_findings", []), *fleet["every"]["not_findings"]]:
        checks.true(f"{who} has no {unwanted}", unwanted not in ids, f"it has {ids}")
    for finding in host.get("findings", []):
        limit = fleet["every"]["at_most"].get(finding.get("id"))
        if limit:
            holds = SEVERITIES.index(finding.get("severity")) >= SEVERITIES.index(limit)
            checks.true(f"{who} {finding['id']} is at most {limit}", holds, f"it is {finding.get('severity')}")
        checks.true(f"{who} {finding.get('id')} has evidence", bool(finding.get("evidence")), "it is empty")


def check_whole(checks, fleet, report):
    """The parts of the report that are about the scan."""
    checks.equal("schema", report.get("schema"), "rdpscan.report/1")
    checks.equal("scan.status", value_at(report, "scan.status"), "complete")
    hosts = report.get("hosts", [])
    checks.equal("summary.hosts", value_at(report, "summary.hosts"), len(hosts))
    for name in ("by_state", "expired", "expiring", "flaky", "dns_trouble"):
        checks.true(f"summary.{name} is there", value_at(report, f"summary.{name}") is not MISSING, "it is absent")
    states = {}
    for host in hosts:
        states[host.get("state")] = states.get(host.get("state"), 0) + 1
    told = value_at(report, "summary.by_state")
    told = {state: count for state, count in told.items() if count} if isinstance(told, dict) else told
    checks.equal("summary.by_state", told, states)
    addresses = [host.get("address") for host in hosts]
    for excluded in fleet["scan"]["exclude"]:
        checks.true(f"excluded {excluded} is not in the report", excluded not in addresses, "it is")
    known = {setup["address"] for setup in fleet["host"]}
    # A row without an address is a name that did not resolve.
    strange = [address for address in addresses if address and address not in known]
    checks.true("no address is listed that was not set up", not strange, f"{strange} are")
    checks.true("each address is one row", len(set(addresses)) == len(addresses), "some are repeated")
    lost = [host for host in hosts if any(name.get("name") == "nowhere.corp.example" for name in host.get("names", []))]
    checks.true("a name that does not resolve is a row", len(lost) == 1, f"{len(lost)} rows bear it")
    for host in lost:
        checks.equal("nowhere.corp.example state", host.get("state"), "unreachable")
        checks.equal("nowhere.corp.example failed_stage", host.get("failed_stage"), "dns")
        checks.equal("nowhere.corp.example dns.verdict", value_at(host, "dns.verdict"), "missing")


def main():
    report = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    lab = pathlib.Path(sys.argv[2]).resolve()
    fleet = tomllib.loads((HERE / "fleet.toml").read_text(encoding="utf-8"))
    checks = Checks()
    check_whole(checks, fleet, report)
    by_address = {host.get("address"): host for host in report.get("hosts", [])}
    for setup in fleet["host"]:
        check_host(checks, fleet, lab, setup, by_address.get(setup["address"]))
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    sys.exit(main())
