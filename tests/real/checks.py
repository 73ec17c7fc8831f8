"""What the tests with networks of their own share: counting checks, running the scanner, and reading its report."""

import collections
import json
import os
import pathlib
import resource
import subprocess
import time

MISSING = object()
LIVE = {"healthy", "degraded"}


class Checks:
    """Counts what passed and what failed."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def equal(self, what, seen, wanted):
        """One check: what was seen is what was set up."""
        self.true(f"{what} is {wanted!r}", seen == wanted, f"it is {'absent' if seen is MISSING else repr(seen)}")

    def true(self, what, holds, otherwise=""):
        """One check of a statement."""
        self.passed += bool(holds)
        self.failed += not holds
        print(f"ok    {what}" if holds else f"FAIL  {what}: {otherwise}", flush=True)

    def status(self):
        """Prints the counts and returns the exit status of the program."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0


class Scan:
    """A scan in progress.

    `namespace` is the network namespace that it runs in, `descriptors` a limit on its open files, `environment` further variables,
    `nice` its place among those who want the CPU.
    """

    def __init__(self, binary, report, *options, namespace=None, descriptors=None, environment=None, nice=0):
        self.report, self.options = pathlib.Path(report), [str(option) for option in options]
        words = ["nice", "-n", nice, *(["ip", "netns", "exec", namespace] if namespace else [])]
        words += [binary, "--no-tui", "--format", "json", "-o", report, *options]
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))) if descriptors else None
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            list(map(str, words)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=os.environ | (environment or {}), preexec_fn=limit,
        )  # fmt: skip

    def finish(self, timeout=300):
        """Waits for the end and returns the report, or raises with what the scanner printed."""
        try:
            _, printed = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        took = time.monotonic() - self.started
        if self.process.returncode:
            raise RuntimeError(f"the scanner ended with status {self.process.returncode}: {printed.strip()[-2000:]}")
        report = json.loads(self.report.read_text(encoding="utf-8"))
        print(f"      {' '.join(self.options)}: {took:.1f} s; {summary(report)}", flush=True)
        return report


def scan(binary, report, *options, **settings):
    """Scans to the end and returns the report."""
    return Scan(binary, report, *options, **settings).finish()


def live(report, start=""):
    """The addresses with this beginning that speak RDP."""
    addresses = {host["address"] for host in report["hosts"] if host["state"] in LIVE}
    return {address for address in addresses if address.startswith(start)}


def came_up(attempt):
    """Whether the connection of an attempt came up."""
    return any((stage["stage"], stage["outcome"]) == ("tcp", "ok") for stage in attempt["stages"])


def states(report):
    """The number of hosts in each state."""
    return collections.Counter(host["state"] for host in report["hosts"])


def findings(report):
    """The number of hosts with each finding."""
    return collections.Counter(name for host in report["hosts"] for name in {finding["id"] for finding in host["findings"]})


def notices(report, kind=""):
    """The notices whose kind begins like this: their fields, and the kind as one more."""
    pairs = [(notice, {}) if isinstance(notice, str) else next(iter(notice.items())) for notice in report["notices"]]
    return [{"kind": name, **fields} for name, fields in pairs if name.startswith(kind)]


def summary(report):
    """The states and the notices of a report in one line."""
    hosts = ", ".join(f"{count} {state}" for state, count in states(report).most_common())
    kinds = ", ".join(notice["kind"] for notice in notices(report))
    return f"{hosts or 'no host'}; notices: {kinds or 'none'}"
