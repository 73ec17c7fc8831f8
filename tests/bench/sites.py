#!/usr/bin/env python3
"""What workers over NATS cost, and what more of them bring.

`/usr/bin/python3 tests/bench/sites.py BINARY [--hosts N]`, as root on Linux, with a binary built with `--features nats` and nats-server
installed; every address exists only in network namespaces of this program's own.

1. Events per second, and bytes per host: the coordinator is stopped while a worker scans N hosts that answer, so that all events wait in
   JetStream. Then it runs again: the time until the scan ends is what it takes to read, check, fold and record them. The budget is
   20,000 events per second.
2. A silent /16 that 1, 2 and 3 workers share, at the usual rate and without a limit.

All processes share the cores of this machine, workers, nats-server, coordinator and the hosts: more workers than cores show no more speed.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "real"))
sys.dont_write_bytecode = True

import certificates  # noqa: E402
import namespaces  # noqa: E402

SWEEP = "198.18.0.0/16"
DARK = "198.19.0.0/16"
RULES = f"""
table inet lab {{
  chain dark {{
    type filter hook prerouting priority 0;
    ip daddr {DARK} drop
  }}
}}
"""
MONITOR = 8222
BUDGET = 20_000
DEADLINE = 900


class Bench:
    """nats-server on the far side, with the coordinator and the workers on the near one."""

    def __init__(self, binary, folder, ground):
        self.binary, self.folder, self.ground = binary, pathlib.Path(folder), ground
        self.url = f"nats://{namespaces.FAR_LINK}"
        self.started = 0

    def start(self):
        """nats-server, with a store on disk."""
        config = self.folder / "nats.conf"
        config.write_text(f"listen: 0.0.0.0:4222\nhttp: 127.0.0.1:{MONITOR}\njetstream {{ store_dir: '{self.folder / 'nats'}' }}\n")
        self.ground.start(self.ground.far, "nats-server", "-c", config, stderr=subprocess.DEVNULL)
        self.until(lambda: self.streams() is not None)

    def until(self, holds):
        """Waits until it does."""
        deadline = time.monotonic() + DEADLINE
        while not holds():
            if time.monotonic() > deadline:
                raise RuntimeError("it takes too long")
            time.sleep(0.05)  # the pause of a poll

    def streams(self):
        """Messages and bytes of each stream, as nats-server counts them; `None` while it starts."""
        address = f"http://127.0.0.1:{MONITOR}/jsz?streams=1"
        words = [sys.executable, "-c", f"import urllib.request as r; print(r.urlopen({address!r}).read().decode())"]
        done = subprocess.run(["ip", "netns", "exec", self.ground.far, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            return None
        accounts = json.loads(done.stdout).get("account_details") or []
        details = [stream for account in accounts for stream in account.get("stream_detail") or []]
        return {stream["name"]: (stream["state"]["messages"], stream["state"]["bytes"]) for stream in details}

    def environment(self):
        """With folders of its own for each process."""
        self.started += 1
        state = str(self.folder / f"state-{self.started}")
        return os.environ | {name: state for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}

    def worker(self, site="bench"):
        """A worker that shares every sweep. Workers of one site would share its rate."""
        words = [self.binary, "worker", "--nats", self.url, "--nats-plain", "--site", site, "--allow", "198.18.0.0/15", "--quiet"]
        # Its own settings hold as well, and the stricter side counts.
        return self.ground.start(self.ground.near, *words, "--rate", "0", env=self.environment())

    def scan(self, *options):
        """A scan that the workers share."""
        words = ["ip", "netns", "exec", self.ground.near, self.binary, "--nats", self.url, "--nats-plain", "--no-dns", "--no-tui"]
        words += ["--quiet", "-o", self.recording(), *options]
        return subprocess.Popen(list(map(str, words)), env=self.environment())

    def recording(self):
        """What the scan writes."""
        return self.folder / "scan.ndjson"


def kill(processes):
    """Ends them, and waits."""
    for process in processes:
        process.kill()
        process.wait()


def throughput(bench, hosts):
    """Events that wait are taken in at once."""
    last = hosts - 1
    target = f"198.18.0.0-198.18.{last >> 8}.{last & 255}"
    scan = bench.scan(target, "--attempts", "1", "--rate", "0", "--all")
    # The work is planned once the parts wait.
    bench.until(lambda: (bench.streams() or {}).get("RDPSCAN_WORK", (0, 0))[0] > 0)
    scan.send_signal(signal.SIGSTOP)
    worker = bench.worker()
    # Quiet for a while: all parts that were given out are done.
    seen, since = None, time.monotonic()
    while time.monotonic() - since < 4:
        now = bench.streams()
        if now != seen or now["RDPSCAN_WORK"][0]:
            seen, since = now, time.monotonic()
        time.sleep(0.2)
    messages, size = seen["RDPSCAN_EVENTS"]
    size_of = lambda: bench.recording().stat().st_size
    lines = lambda: bench.recording().read_bytes().count(b"\n")
    known, before, last = lines(), cpu(scan.pid), size_of()
    scan.send_signal(signal.SIGCONT)
    grown = []
    while scan.poll() is None:
        spent = cpu(scan.pid)
        if size_of() != last:
            last = size_of()
            grown.append(time.monotonic())
        time.sleep(0.005)
    took, events = grown[-1] - grown[0], lines() - known
    kill([worker])
    print(f"{hosts} hosts, one attempt each: {events} events in {messages} messages of {size / messages / 1024:.0f} KiB", flush=True)
    print(f"  {size / hosts:.0f} bytes per host in JetStream", flush=True)
    each = f"{events / took:,.0f} events/s as they are recorded, in {took:.2f} s; {events / (spent - before):,.0f} for each second of CPU"
    print(f"  {each} of the coordinator; budget {BUDGET:,}", flush=True)


def cpu(pid):
    """CPU seconds of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def silent(bench):
    """More workers share a silent range."""
    for name, options in (("defaults", []), ("--rate 0", ["--rate", "0"])):
        for count in (1, 2, 3):
            workers = [bench.worker(f"bench-{number}") for number in range(count)]
            time.sleep(1)  # until they ask for work
            started = time.monotonic()
            scan, parts = bench.scan(DARK, *options), (0, 0)
            while scan.poll() is None and time.monotonic() - started < DEADLINE:
                parts = max(parts, bench.streams().get("RDPSCAN_WORK", (0, 0)))
                time.sleep(0.2)
            status = scan.wait(1)
            took = time.monotonic() - started
            spent = [cpu(worker.pid) for worker in workers]
            kill(workers)
            what = f"silent /16, {name:<9} {count} worker{'s' if count > 1 else ' '}"
            print(f"{what} {took:6.1f} s, {sum(spent):5.1f} s CPU of the workers, status {status}", flush=True)
        print(f"  {parts[1] / max(parts[0], 1) / 1024:.0f} KiB for a part of 4,096 addresses", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=lambda name: pathlib.Path(name).resolve())
    parser.add_argument("--hosts", type=int, default=4096)
    parser.add_argument("--only", choices=["throughput", "silent"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, namespaces.Ground() as ground:
        for prefix in (SWEEP, DARK):
            ground.own(prefix)
        ground.rules(ground.far, RULES)
        made = pathlib.Path(folder) / "certificate"
        certificates.make(made, common_name="many", key="ec:P-256")
        ground.listen(made, "--workers", 2)
        bench = Bench(options.binary, folder, ground)
        bench.start()
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores", flush=True)
        if options.only != "silent":
            throughput(bench, options.hosts)
        if options.only != "throughput":
            silent(bench)
        print(f"load {os.getloadavg()[0]:.1f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
