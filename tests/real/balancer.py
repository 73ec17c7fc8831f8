"""Passes connections to the members of a farm in turn, and records which member served each of them.

haproxy accepts each connection itself, and sends FIN to the client where a member resets or refuses. A DNAT rule of nftables
forwards the member's own RST. haproxy logs the bytes from the member; nftables only counts connections.
"""

import contextlib
import csv
import dataclasses
import json
import re
import socket
import subprocess
import threading
import time

PORT = 3389
LOG = ("127.89.255.1", 5514)

# Health checks and retries would change the order of the members, and so would a second thread. Without `option redispatch`
# a connection to a member that refuses is closed, and does not go to another one.
HAPROXY_CFG = """\
global
    nbthread 1
    log {log_address}:{log_port} format raw local0
    stats socket {folder}/haproxy.sock
defaults
    mode tcp
    log global
    # The farm, the member, and the bytes from the member.
    log-format "%f %s %B"
    balance roundrobin
    retries 0
    timeout connect 3s
    timeout client 60s
    timeout server 60s
    timeout client-fin 2s
    timeout server-fin 2s
"""
LISTEN = "listen {name}\n    bind {address}:{port}\n"
SERVER = "    server {member} {address}:{port} {options}\n"
# A web server with TLS and ALPN.
HTTPS = """\
frontend {name}
    mode http
    no log
    bind {address}:{port} ssl crt {certificate} alpn h2,http/1.1
    http-request return status 200 content-type text/plain string ok
"""


@dataclasses.dataclass(frozen=True)
class Connection:
    """One connection that a balancer passed to a member."""

    farm: str
    member: str
    # Bytes from the member; unknown for DNAT.
    received: int | None


class Balancer:
    """haproxy and nftables in front of all cases that are behind one of them."""

    def __init__(self, lab, cases):
        self.lab = lab
        self.cases = [case for case in cases if case.via != "direct"]
        self.lines, self.counts = [], {}
        self.passed = {case.name: 0 for case in self.cases}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def start(self):
        """Starts both."""
        self.socket.bind(LOG)
        threading.Thread(target=self.listen, daemon=True).start()
        folder = self.lab.folder / "haproxy"
        folder.mkdir()
        text = HAPROXY_CFG.format(folder=folder, log_address=LOG[0], log_port=LOG[1])
        for case in self.cases:
            if case.via == "haproxy":
                text += LISTEN.format(name=case.name, address=case.address, port=PORT)
                for member in case.members:
                    text += SERVER.format(member=member.name, address=member.address, port=PORT, options=case.server_options)
            elif case.via == "https":
                made = self.lab.folder / "certificates" / case.certificates[0]
                both = folder / "https.pem"
                both.write_text((made / "chain.pem").read_text() + (made / "key.pem").read_text())
                text += HTTPS.format(name=case.name, address=case.address, port=PORT, certificate=both)
        (folder / "haproxy.cfg").write_text(text)
        self.lab.spawn("haproxy", ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")])
        nft("-f", "-", feed=self.rules())
        self.counts = counts()

    def rules(self):
        """DNAT to the members in turn, and a counter for each of them."""
        counters, turns, seen = "", "", ""
        for case in self.cases:
            if case.via != "dnat":
                continue
            members = ", ".join(f"{place} : {member.address}" for place, member in enumerate(case.members))
            turns += f"ip daddr {case.address} tcp dport {PORT} dnat to numgen inc mod {len(case.members)} map {{ {members} }}\n"
            for member in case.members:
                name = counter(case, member)
                counters += f"counter {name} {{ }}\n"
                seen += f"ip daddr {member.address} tcp flags & (syn | ack) == syn counter name {name}\n"
        return (
            f"table ip farm {{\n{counters}"
            f"chain output {{ type nat hook output priority -100;\n{turns}}}\n"
            f"chain input {{ type filter hook input priority 0;\n{seen}}}\n}}\n"
        )

    def listen(self):
        """Collects the log."""
        while True:
            # First the line, then the list: `take` exchanges the list while this thread waits.
            line = self.socket.recv(4096).decode().split()
            self.lines.append(line)

    def ready(self):
        """haproxy listens."""
        with contextlib.suppress(OSError):
            return self.open_connections() is not None
        return False

    def open_connections(self):
        """Open connections to the farms."""
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(self.lab.folder / "haproxy" / "haproxy.sock"))
            link.sendall(b"show stat -1 1 -1\n")
            text = b"".join(iter(lambda: link.recv(65536), b"")).decode()
        farms = {case.name for case in self.cases if not case.once}
        return sum(int(row["scur"]) for row in csv.DictReader(text.removeprefix("# ").splitlines()) if row["pxname"] in farms)

    def take(self):
        """The connections since the last call, after all of them have ended."""
        deadline = time.monotonic() + 10
        while self.open_connections() > 0 and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.1)
        lines, self.lines = self.lines, []
        connections = [Connection(farm, member, int(received)) for farm, member, received in lines]
        before, self.counts = self.counts, counts()
        for case in self.cases:
            if case.via == "dnat":
                for member in case.members:
                    name = counter(case, member)
                    connections += [Connection(case.name, member.name, None)] * (self.counts[name] - before.get(name, 0))
        for one in connections:
            self.passed[one.farm] += 1
        return connections

    def turn(self, case, place):
        """Connects until the member at this place is next."""
        for _ in range((place - self.passed[case.name]) % len(case.members)):
            with contextlib.suppress(OSError), socket.create_connection((case.address, PORT), timeout=1):
                time.sleep(0.02)


def counter(case, member):
    """The name of a member's counter."""
    return re.sub(r"\W", "_", f"{case.name}_{member.name}")


def counts():
    """Connections by counter of nftables."""
    listed = json.loads(nft("-j", "list", "counters"))["nftables"]
    return {one["counter"]["name"]: one["counter"]["packets"] for one in listed if "counter" in one}


def nft(*words, feed=None):
    """Runs nft and returns its output."""
    done = subprocess.run(["nft", *words], input=feed, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"nft: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
