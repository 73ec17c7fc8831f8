"""Starts the servers of fleet.toml on their loopback addresses, waits until each answers, and ends them again.

`python3 tests/real/servers.py FOLDER` keeps them running until a signal comes; it prints `ready` when every server does, by an independent client, what it was set up to do.
"""

import contextlib
import http.server
import ipaddress
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib

import certificates
import knock

HERE = pathlib.Path(__file__).parent
PORT = 3389
START_SECONDS = 60

XRDP_INI = """\
[Globals]
ini_version=1
fork=true
port=tcp://{address}:{port}
tcp_nodelay=true
security_layer={security_layer}
crypt_level=high
allow_channels=true
certificate={certificate}
key_file={key}
ssl_protocols={ssl_protocols}
{tls_ciphers}
max_bpp=32
new_cursors=true
use_fastpath=both

[Logging]
LogFile={folder}/xrdp.log
LogLevel=INFO
EnableSyslog=false

[Channels]

[Xorg]
name=Xorg
lib=libxup.so
username=ask
password=ask
ip=127.0.0.1
port=-1
code=20
"""

KNOT_CONF = """\
server:
    listen: {address}@{port}
    rundir: {folder}
    user: {user}
    automatic-acl: on
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
  - domain: 88.127.in-addr.arpa
    file: reverse.zone
  - domain: {broken}
    file: this-file-does-not-exist.zone
"""

SOA = "@ SOA ns.{zone}. admin.{zone}. 1 3600 600 86400 60\n@ NS ns.{zone}.\n"


class Lab:
    """Every process that runs, each in a session of its own, so that its children end with it."""

    def __init__(self, folder, fleet):
        self.folder = pathlib.Path(folder)
        self.fleet = fleet
        self.processes = {}
        self.display = None

    def spawn(self, name, command, **options):
        """Starts one process with its output in a log of its own."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "output.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **options
            )
        with open(self.folder / "pids", "a", encoding="ascii") as pids:
            pids.write(f"{self.processes[name].pid} {name}\n")

    def stop(self):
        """Ends what was started, politely first."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self.processes.values():
                # The leader may be gone while children of its session live on.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
            deadline = time.monotonic() + 3
            for process in self.processes.values():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, deadline - time.monotonic()))

    def start_dns(self):
        """Knot with the forward and reverse zone, and one zone that it cannot load."""
        dns = self.fleet["dns"]
        folder = self.folder / "dns"
        folder.mkdir(parents=True)
        zone = dns["zone"]
        start = "$TTL 60\n" + SOA.format(zone=zone)
        forward = start + f"ns A {dns['address']}\n" + "".join(record + "\n" for record in dns["records"])
        (folder / "forward.zone").write_text(f"$ORIGIN {zone}.\n" + forward)
        pairs = (entry.split() for entry in dns["pointers"])
        reverse = start + "".join(f"{last}.0 PTR {name}.{zone}.\n" for last, name in pairs)
        (folder / "reverse.zone").write_text("$ORIGIN 88.127.in-addr.arpa.\n" + reverse)
        # Under its own user knot could not read a folder of root's.
        user = "root" if os.geteuid() == 0 else str(os.geteuid())
        (folder / "knot.conf").write_text(
            KNOT_CONF.format(folder=folder, zone=zone, broken=dns["broken_zone"], user=user, **{k: dns[k] for k in ("address", "port")})
        )
        self.spawn("dns", ["knotd", "-c", str(folder / "knot.conf")])

    def start_xrdp(self, host):
        """xrdp with an ini, a log and a view of /run/xrdp of its own, for it refuses to start beside its pid file."""
        folder = self.folder / host["address"]
        folder.mkdir(parents=True)
        certificate = self.folder / "certificates" / host["certificate"]
        ciphers = host.get("tls_ciphers")
        (folder / "xrdp.ini").write_text(
            XRDP_INI.format(
                address=host["address"], port=PORT, folder=folder, certificate=certificate / "chain.pem",
                key=certificate / "key.pem", security_layer=host.get("security_layer", "negotiate"),
                ssl_protocols=host.get("ssl_protocols", "TLSv1.2, TLSv1.3"),
                tls_ciphers=f"tls_ciphers={ciphers}" if ciphers else "",
            )
        )  # fmt: skip
        inside = 'mkdir -p /run/xrdp && mount -t tmpfs none /run/xrdp && exec xrdp --nodaemon --config "$1"'
        self.spawn(host["address"], ["unshare", "--mount", "sh", "-c", inside, "sh", str(folder / "xrdp.ini")])

    def start_freerdp(self, host):
        """FreeRDP's shadow server with its own home (it looks for its certificate there) and its own host name (it tells it)."""
        folder = self.folder / host["address"]
        home = folder / "home" / ".config" / "freerdp" / "shadow"
        home.mkdir(parents=True)
        certificate = self.folder / "certificates" / host["certificate"]
        shutil.copy(certificate / "chain.pem", home / "shadow.crt")
        shutil.copy(certificate / "key.pem", home / "shadow.key")
        sam = folder / "sam"
        # NTLM hash of the word "password"; nobody logs on, but the server wants a file.
        sam.write_text("lab:::8846f7eaee8fb117ad06bdd830b7586c:::\n")
        command = [
            "freerdp-shadow-cli", f"/bind-address:{host['address']}", f"/port:{PORT}", f"/sec:{host['security']}",
            f"/sam-file:{sam}",
        ]  # fmt: skip
        environment = os.environ | {"HOME": str(folder / "home"), "DISPLAY": self.display}
        environment.pop("XDG_CONFIG_HOME", None)
        inside = 'hostname "$1"; shift; exec "$@"'
        self.spawn(
            host["address"], ["unshare", "--uts", "sh", "-c", inside, "sh", host["hostname"], *command], env=environment
        )

    def start_display(self):
        """An X server that chooses its own free number."""
        reader, writer = os.pipe()
        os.set_inheritable(writer, True)
        self.spawn(
            "display",
            # Without -noreset it starts over when its last client leaves, and whoever connects meanwhile fails.
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"],
            pass_fds=[writer],
        )
        os.close(writer)
        with open(reader, encoding="ascii") as line:
            number = line.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start: see display/output.log")
        self.display = f":{number}"

    def start_odd(self, host):
        """One server of odd_servers.py."""
        self.start_odd_servers(host["address"], [host])

    def start_odd_servers(self, name, hosts):
        """Several servers of odd_servers.py in one process."""
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(hosts))
        self.spawn(name, [sys.executable, str(HERE / "odd_servers.py"), str(path)])

    def start_http(self, host):
        """A web server, for a port that is open and is not RDP."""
        self.spawn(
            host["address"],
            [sys.executable, "-m", "http.server", str(PORT), "--bind", host["address"], "--directory", str(self.folder / "dns")],
        )

    def start(self):
        """Starts everything."""
        self.start_dns()
        self.start_hosts()

    def start_hosts(self):
        """Makes the certificates and starts the servers of the hosts."""
        for host in self.fleet["host"]:
            if not ipaddress.ip_address(host["address"]).is_loopback:
                raise RuntimeError(f"{host['address']} is not a loopback address: the lab stays on this machine")
        certificates.make_all(self.folder / "certificates", self.fleet["certificate"])
        if any(host["server"] == "freerdp" for host in self.fleet["host"]):
            self.start_display()
        for host in self.fleet["host"]:
            if host["server"] != "none":
                getattr(self, f"start_{host['server']}")(host)

    def complaints(self):
        """What each server does wrong by the independent client; empty when all is as set up."""
        told = ((host, self.complaint(host)) for host in self.fleet["host"])
        return [f"{host['address']} ({host['about']}): {complaint}" for host, complaint in told if complaint]

    def complaint(self, host):
        """What one server does wrong, `None` when it is as set up."""
        if host["server"] == "none":
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection((host["address"], PORT), timeout=1).close()
                return "something listens"
            return None
        try:
            if host["server"] == "http":
                socket.create_connection((host["address"], PORT), timeout=1).close()
                return None
            seen = knock.knock(host["address"], PORT)
        except (OSError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        expect = host["expect"]
        wanted = {"selected": expect.get("security.selected"), "version": expect.get("tls.version")}
        if seen["version"]:
            folder = self.folder / "certificates" / host["certificate"]
            wanted["sha1"] = certificates.truth(folder)["sha1"]
        wrong = [f"{key} is {seen[key]}, not {value}" for key, value in wanted.items() if value and seen[key] != value]
        if "ntlm.build" in expect and (seen["ntlm"] or {}).get("build") != expect["ntlm.build"]:
            wrong.append(f"ntlm is {seen['ntlm']}")
        return "; ".join(wrong) or None


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    fleet = tomllib.loads((HERE / "fleet.toml").read_text(encoding="utf-8"))
    lab = Lab(folder, fleet)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        lab.start()
        deadline = time.monotonic() + START_SECONDS
        # Servers need a moment: ask again until all answer rightly, and give up loudly.
        while bad := lab.complaints():
            if stop.is_set() or time.monotonic() > deadline:
                print("\n".join(["not ready:", *bad]), flush=True)
                return 1
            stop.wait(0.5)
        print("ready", flush=True)
        stop.wait()
    finally:
        lab.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
