"""Knot and dnsmasq with a few names, and a gate before them where trouble begins after a certain number of answers."""

import contextlib
import selectors
import socket
import subprocess
import time

START_SECONDS = 20
# Clients ask at the first port, and the gate at the second.
PORT, BEHIND = 53, 5300

KNOT_CONF = """\
server:
    listen: {address}@{port}
    rundir: {folder}
    user: root
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {folder}/db
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: {folder}
    journal-content: none
    zonefile-sync: -1
zone:
  - domain: {zone}
    file: forward.zone
  - domain: {reverse}
    file: reverse.zone
"""
START = "$TTL 60\n@ SOA ns.{zone}. admin.{zone}. 1 3600 600 86400 60\n@ NS ns.{zone}.\nns A 127.0.0.1\n"


def question(name):
    """A question for the address of a name."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return bytes.fromhex("abcd01000001000000000000") + labels + bytes.fromhex("0000010001")


def pointer(address):
    """The name of an IPv4 address in the reverse zone."""
    return ".".join([*reversed(address.split(".")), "in-addr.arpa"])


def dnsmasq(folder, address, port, zones, hosts):
    """The command that serves both directions of these pairs of an address and a name."""
    (folder / "hosts").write_text("".join(f"{address} {name}\n" for address, name in hosts))
    return [
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--pid-file=", "--no-resolv", "--no-hosts",
        f"--addn-hosts={folder / 'hosts'}", "--bind-interfaces", f"--listen-address={address}", f"--port={port}",
        f"--log-facility={folder / 'dnsmasq.log'}", *(f"--local=/{zone}/" for zone in zones),
    ]  # fmt: skip


class Server:
    """One DNS server at one address, with a zone, its reverse zone, and the pairs of an address and a name in them."""

    def __init__(self, folder, address, zones, hosts):
        self.folder, self.address, self.zones, self.hosts = folder, address, zones, list(hosts)
        self.process = None
        folder.mkdir()

    def start(self):
        """Starts it, and waits until it answers."""
        with open(self.folder / "output.log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect((self.address, BEHIND))
            asking.settimeout(0.05)
            while time.monotonic() < deadline:
                with contextlib.suppress(TimeoutError, ConnectionRefusedError):
                    asking.send(question(self.hosts[0][1]))
                    answer = asking.recv(512)
                    # No error, one answer: the zone is loaded.
                    if answer[3] & 15 == 0 and answer[7] == 1:
                        return
        raise RuntimeError(f"{self.command()[0]} did not start: {(self.folder / 'output.log').read_text()[-2000:]}")

    def kill(self):
        """Ends it at once, if it was started."""
        if self.process:
            self.process.kill()
            self.process.wait()


class Knot(Server):
    """Knot, with further records in its zone."""

    def __init__(self, *arguments, records=""):
        super().__init__(*arguments)
        self.records = records

    def command(self):
        """Writes the zones and returns the command."""
        zone, reverse = self.zones
        start = START.format(zone=zone)
        forward = "".join(f"{name}. A {address}\n" for address, name in self.hosts)
        (self.folder / "forward.zone").write_text(f"$ORIGIN {zone}.\n{start}{forward}{self.records}")
        pointers = "".join(f"{pointer(address)}. PTR {name}.\n" for address, name in self.hosts)
        (self.folder / "reverse.zone").write_text(f"$ORIGIN {reverse}.\n{start}{pointers}")
        config = self.folder / "knot.conf"
        config.write_text(KNOT_CONF.format(folder=self.folder, zone=zone, reverse=reverse, address=self.address, port=BEHIND))
        return ["knotd", "-c", config]


class Dnsmasq(Server):
    """dnsmasq."""

    def command(self):
        """Writes the table and returns the command."""
        return dnsmasq(self.folder, self.address, BEHIND, self.zones, self.hosts)


class Gate:
    """Passes datagrams to a server and its answers back; after a certain number of answers, the trouble begins.

    A server that has ended leaves a closed port behind, so the gate can be closed as well.
    """

    def __init__(self, address, after, trouble):
        self.address, self.after, self.trouble = address, after, trouble
        self.answers = 0
        self.waiting = selectors.DefaultSelector()
        self.listening = None
        self.open()

    def open(self):
        """Listens, again if need be."""
        self.listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.listening.bind((self.address, PORT))
        self.waiting.register(self.listening, selectors.EVENT_READ)

    def close(self):
        """Closes the port."""
        self.waiting.unregister(self.listening)
        self.listening.close()
        self.listening = None

    def run(self, ended):
        """Passes datagrams until the event."""
        while not ended.is_set():
            for ready, _ in self.waiting.select(0.05):
                if ready.data:
                    self.pass_answer(ready.fileobj, ready.data)
                elif self.listening:
                    self.pass_question()
        for left in list(self.waiting.get_map().values()):
            left.fileobj.close()
        self.waiting.close()

    def pass_question(self):
        """From the scanner to the server; each has a socket of its own, so that its answer finds back."""
        asked, client = self.listening.recvfrom(65535)
        passing = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        passing.connect((self.address, BEHIND))
        passing.send(asked)
        self.waiting.register(passing, selectors.EVENT_READ, client)

    def pass_answer(self, passing, client):
        """From the server to the scanner."""
        self.waiting.unregister(passing)
        # The server may have ended in between.
        with passing, contextlib.suppress(ConnectionRefusedError):
            answer = passing.recv(65535)
            if self.listening:
                self.listening.sendto(answer, client)
                self.answers += 1
        if self.trouble and self.answers == self.after:
            self.trouble()
            self.trouble = None
