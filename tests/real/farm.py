"""Starts the cases of farm.toml, scans them, and compares the reports with the manifest and with the balancers' counts.

`farm.py BINARY FOLDER [PATTERN]` as root, in a network namespace of its own with nothing but loopback in it. PATTERN selects
cases by name.
REAL_FARM_RUNS is the number of scans of the farms (default 2); each scan starts at another member.
"""

import concurrent.futures
import dataclasses
import ipaddress
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib

import balancer
import client
import servers
from checks import Checks
from judge import Judge, summary

HERE = pathlib.Path(__file__).parent
NAMESPACE = "REAL_FARM_NAMESPACE"
RUNS = int(os.environ.get("REAL_FARM_RUNS", "2"))
# Each case has a network of its own, since the scanner also judges hosts of one /24 together.
NETWORK = ipaddress.ip_network("127.89.0.0/16")
FIRST_MEMBER = 11


@dataclasses.dataclass
class Member:
    """One server of a case."""

    name: str
    kind: str
    address: str
    fails: list
    findings: list
    alone: list
    # The name of the certificate that a client receives.
    certificate: str | None


@dataclasses.dataclass
class Case:
    """One address that is scanned, with the table of the manifest."""

    name: str
    address: str
    via: str
    once: bool
    members: list
    table: dict
    server_options: str = ""

    @property
    def certificates(self):
        """Every certificate that a client may see."""
        return sorted({member.certificate for member in self.members if member.certificate})


class FarmLab(servers.Lab):
    """The lab, with stunnel and openssl as well."""

    def start_odd(self, _host):
        """Nothing: all of them run in one process."""

    def start_stunnel(self, host):
        """TLS from the first byte, in front of a server."""
        path = self.folder / f"{host['address']}.conf"
        path.write_text(
            f"foreground = yes\npid =\n[rdp]\naccept = {host['address']}:{servers.PORT}\nconnect = {host['to']}:{servers.PORT}\n"
            f"cert = {host['chain']}\nkey = {host['key']}\n"
        )
        self.spawn(host["address"], ["stunnel4", str(path)])

    def start_openssl(self, host):
        """A TLS server without RDP."""
        command = ["openssl", "s_server", "-quiet", "-www", "-accept", f"{host['address']}:{servers.PORT}"]
        self.spawn(host["address"], [*command, "-cert", host["chain"], "-key", host["key"], *host["options"]])

    def complaint(self, host):
        """The independent client checks the real servers; the others must only listen."""
        if host["server"] in ("xrdp", "freerdp", "none"):
            return super().complaint(host)
        try:
            socket.create_connection((host["address"], servers.PORT), timeout=1).close()
        except OSError as error:
            return str(error)
        return None


class Plan:
    """Addresses, certificates and servers for every case of the manifest."""

    def __init__(self, manifest, folder):
        self.kinds = manifest["member"]
        self.folder = folder / "certificates"
        self.fleet = {"host": [], "certificate": {}}
        self.cases = [self.case(number, table) for number, table in enumerate(manifest["case"], 1)]

    def case(self, number, table):
        """One case, in the network of its number."""
        network = NETWORK.network_address + number * 256
        address = str(network + 1)
        via = table.get("via", "haproxy" if len(table["members"]) > 1 else "direct")
        free = iter([str(network + place) for place in range(FIRST_MEMBER, FIRST_MEMBER + 32)])
        members = []
        for place, kind in enumerate(table["members"], 1):
            members.append(self.member(f"{kind}.{place}", kind, number, address if via == "direct" else next(free), free))
        once = table.get("once", via in ("direct", "https"))
        return Case(table["name"], address, via, once, members, table, table.get("server_options", ""))

    def member(self, name, kind, number, address, free):
        """One server, and the one behind it."""
        table = self.kinds[kind]
        host = {"about": name, "expect": {}} | table | {"address": address}
        certificate = None
        if "behind" in table:
            behind = self.member(f"{name}.behind", table["behind"], number, next(free), free)
            host["to"], certificate = behind.address, behind.certificate
        if table["server"] in ("xrdp", "freerdp", "stunnel", "openssl") or "certificate" in table:
            certificate = self.certificate(kind, number)
            host["certificate"], host["hostname"] = certificate, f"srv{number}"
            host["chain"], host["key"] = (str(self.folder / certificate / f"{part}.pem") for part in ("chain", "key"))
        self.fleet["host"].append(host)
        return Member(name, kind, address, *(table.get(key, []) for key in ("fails", "findings", "alone")), certificate)

    def certificate(self, kind, number):
        """The certificate of all members of one kind in one case."""
        name = f"srv{number}-{kind}"
        table = {"common_name": f"srv{number}.farm.example", "key": "ec:P-256"} | self.kinds[kind].get("certificate", {})
        self.fleet["certificate"][name] = table
        return name


def scan(binary, report, addresses, *options):
    """Scans these addresses and returns the hosts of the report by address."""
    if not addresses:
        return {}
    started = time.monotonic()
    done = subprocess.run(
        [binary, *addresses, "--no-dns", "--no-tui", "--format", "json", "-o", report, *options],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the scanner ended with status {done.returncode}: {done.stderr.strip()[-2000:]}")
    print(f"      {len(addresses)} addresses {' '.join(options)}: {time.monotonic() - started:.1f} s", flush=True)
    return {host["address"]: host for host in json.loads(report.read_text(encoding="utf-8"))["hosts"]}


class Test:
    """The scans and their checks."""

    def __init__(self, binary, folder, judge, cases, balance):
        self.binary, self.folder, self.judge, self.balance = binary, folder, judge, balance
        self.once = [case for case in cases if case.once]
        self.farms = [case for case in cases if not case.once]
        self.checks = Checks()

    def check(self, what, case, host, connections, *, strict, limited=False):
        """One check of one case in one scan, with a line for each error."""
        errors = self.judge.errors(case, host, connections, strict=strict, limited=limited)
        self.checks.true(f"{case.name} ({case.address}), {what}", not errors, f"{len(errors)} errors")
        for error in errors:
            print(f"        {error}")
        if errors and host:
            print(f"        seen: {summary(host, connections)}", flush=True)

    def run(self, number, what, cases, strict, *options):
        """Scans farms.

        Each run starts at another member. So does each neighbour: many hosts that fail at once look like a local outage.
        """
        for place, case in enumerate(cases):
            self.balance.turn(case, number + place)
        self.balance.take()
        hosts = scan(self.binary, self.folder / f"{what}-{number}.json", [case.address for case in cases], *options)
        served = self.balance.take()
        for case in cases:
            connections = [one for one in served if one.farm == case.name]
            self.check(f"{what} {number}", case, hosts.get(case.address), connections, strict=strict(case), limited=not options)

    def scan_singles(self):
        """Scans the single servers, and sends the real client to them."""
        addresses = [case.address for case in self.once]
        return scan(self.binary, self.folder / "single.json", addresses), client.outcomes(addresses, self.folder / "client")

    def check_singles(self, hosts, outcomes, reasons):
        """Checks both results."""
        for case in self.once:
            every = [balancer.Connection(case.name, member.name, None) for member in case.members]
            self.check("once", case, hosts.get(case.address), every, strict=True)
        rows = [(case.name, hosts.get(case.address), seen) for case, seen in zip(self.once, outcomes, strict=True)]
        client.table(self.checks, rows, reasons)

    def all(self, reasons):
        """All scans and checks. The single servers are scanned at the same time: that takes long and little CPU time."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            singles = pool.submit(self.scan_singles)
            bigger = [case for case in self.farms if len(case.members) != 2]
            for number in range(1, RUNS + 1):
                self.run(number, "default", self.farms, lambda case: len(case.members) == 2)
                self.run(number, "six", bigger, lambda _: True, "--attempts", "6")
            self.check_singles(*singles.result(), reasons)


def main():
    if NAMESPACE not in os.environ:
        inside = 'ip link set lo up && exec "$@"'
        os.environ[NAMESPACE] = "1"
        os.execvp("unshare", ["unshare", "--net", "sh", "-c", inside, "sh", sys.executable, __file__, *sys.argv[1:]])
    for number in (signal.SIGTERM, signal.SIGHUP):
        # As an exception, so that the servers end as well.
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    started = time.monotonic()
    binary, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True)
    manifest = tomllib.loads((HERE / "farm.toml").read_text(encoding="utf-8"))
    pattern = sys.argv[3] if len(sys.argv) > 3 else ""
    manifest["case"] = [table for table in manifest["case"] if re.search(pattern, table["name"])]
    plan = Plan(manifest, folder)
    lab = FarmLab(folder, plan.fleet)
    balance = balancer.Balancer(lab, plan.cases)
    try:
        lab.start_hosts()
        lab.start_odd_servers("odd", [host for host in plan.fleet["host"] if host["server"] == "odd"])
        balance.start()
        while bad := [*lab.complaints(), *([] if balance.ready() else ["haproxy"])]:
            if time.monotonic() - started > servers.START_SECONDS:
                print("\n".join(["not ready:", *bad]))
                return 1
            time.sleep(0.5)
        print(f"      {len(plan.cases)} cases, ready after {time.monotonic() - started:.1f} s", flush=True)
        test = Test(binary, folder, Judge(manifest, folder), plan.cases, balance)
        test.all(manifest["client"]["reasons"])
    finally:
        lab.stop()
    print(f"{test.checks.passed} passed, {test.checks.failed} failed in {time.monotonic() - started:.0f} s")
    return 1 if test.checks.failed or not test.checks.passed else 0


if __name__ == "__main__":
    sys.exit(main())
