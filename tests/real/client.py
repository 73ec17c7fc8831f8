"""Connects with a real client, FreeRDP's `xfreerdp`, and compares the stage that it reaches with the scanner's state.

`client.py REPORT.json FOLDER` does so for each host of fleet.toml. farm.toml has the reasons for disagreements.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tomllib

import servers
from checks import Checks

HERE = pathlib.Path(__file__).parent
SECONDS = 20
# Each client needs about half a second of CPU time.
CONCURRENCY = 2
# What the client logs after it passed a stage, last stage first.
PASSED = [
    ("session", "Authentication only, exit status 0"),
    ("mcs", "--> CONNECTION_STATE_MCS_ATTACH_USER"),
    ("credssp", "--> CONNECTION_STATE_MCS_CONNECT"),
    ("tls", "--> CONNECTION_STATE_NLA"),
    ("x224", "] - Negotiated "),
    ("tcp", "RequestedProtocols: "),
]
STAGES = [stage for stage, _ in reversed(PASSED)]
# A client that accepts old ciphers and versions, and one that does not offer TLS 1.3: a host that only accepts these is degraded.
OLDER_CLIENTS = ["/tls-seclevel:0", "+enforce-tlsv1_2"]
# States in which no client connects.
OUT = {"broken", "not_rdp", "unreachable", "closed", "filtered"}


def connect(address, folder, display, *options):
    """One connection up to the start of a session; returns the stage where it failed, or `None`."""
    log = folder / f"{address}{''.join(options).replace('/', '')}.log"
    # Its own home, because it stores certificates there. User and password are those of the lab's SAM file.
    environment = os.environ | {"HOME": str(folder), "DISPLAY": display, "WLOG_LEVEL": "DEBUG"}
    command = ["xfreerdp", f"/v:{address}:{servers.PORT}", "+auth-only", "/cert:ignore", "/u:lab", "/p:password"]
    with open(log, "wb") as output, subprocess.Popen(
        [*command, "/log-level:DEBUG", *options], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
    ) as process:
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    text = log.read_text(encoding="utf-8", errors="replace")
    passed = next((stage for stage, mark in PASSED if mark in text), None)
    if passed == STAGES[-1]:
        return None
    return STAGES[STAGES.index(passed) + 1] if passed else STAGES[0]


def outcome(address, folder, display):
    """`connected`, the same with the option of an older client, or `failed at STAGE`."""
    stage = connect(address, folder, display)
    if stage == "tls":
        for option in OLDER_CLIENTS:
            if connect(address, folder, display, option) is None:
                return f"connected, {option}"
    return f"failed at {stage}" if stage else "connected"


def outcomes(addresses, folder):
    """The outcome at each address."""
    folder.mkdir(parents=True, exist_ok=True)
    lab = servers.Lab(folder, {})
    try:
        lab.start_display()
        with concurrent.futures.ThreadPoolExecutor(CONCURRENCY) as pool:
            return list(pool.map(lambda address: outcome(address, folder, lab.display), addresses))
    finally:
        lab.stop()


def table(checks, rows, reasons):
    """One row and check for each of `(name, host of the report, outcome)`: a disagreement requires a reason in the manifest."""
    print(f"      {'real client':28} scanner")
    for name, host, seen in rows:
        state, stage = (host["state"], host["failed_stage"]) if host else ("absent", None)
        row = f"{seen:28} {state + (f' at {stage}' if stage else ''):20} {name}"
        agree = seen.startswith("connected") != (state in OUT)
        if name in reasons:
            checks.true(f"{row}\n        {reasons[name]}", not agree, "they agree: remove the reason")
        else:
            checks.true(row, agree, "they disagree")


def main():
    report = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    fleet = tomllib.loads((HERE / "fleet.toml").read_text(encoding="utf-8"))
    farm = tomllib.loads((HERE / "farm.toml").read_text(encoding="utf-8"))
    hosts = {host["address"]: host for host in report["hosts"]}
    setups = fleet["host"]
    seen = outcomes([setup["address"] for setup in setups], pathlib.Path(sys.argv[2]).resolve())
    rows = [(setup["about"], hosts.get(setup["address"]), one) for setup, one in zip(setups, seen, strict=True)]
    checks = Checks()
    table(checks, rows, farm["client"]["reasons"])
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
