#!/usr/bin/env python3
"""What do two kept scans cost: to index, to compare, and to open?

`/usr/bin/python3 tests/bench/store.py BINARY [--hosts N] [--template FILE]`, on Linux. The recording of the simulated fleet is multiplied
to N hosts, as in saved.py, and kept twice. Each measure is a whole process, the median of three runs: CPU seconds (user and system), wall
time and peak resident memory. Where other work shares the machine, trust CPU and memory only; budgets are of CPU seconds.
"""

import argparse
import datetime
import json
import pathlib
import re
import sys
import tempfile

import saved

# CPU seconds that a measure may take. Until the first row the whole scan is read.
BUDGETS = {"diff": 1.0, "open": 5.0}

ADDRESS = re.compile(r"127\.\d+\.\d+\.\d+")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=lambda name: pathlib.Path(name).resolve())
    parser.add_argument("--hosts", type=int, default=65536)
    parser.add_argument("--template", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Store(options, pathlib.Path(folder))
        bench.keep_two_scans()
        print(f"two scans of {options.hosts} hosts, median of {saved.RUNS} runs", flush=True)
        print(f"{saved.heading(None)}, budget in CPU s", flush=True)
        over = []
        for name, measure in bench.measures().items():
            figures, budget = measure(), BUDGETS.get(name)
            print(saved.row(name, figures, None, None) + (f", {budget}" if budget else ""), flush=True)
            if figures["outcome"] != "ok" or (budget and figures["cpu_s"] > budget):
                over.append(name)
    return f"failed, or over its budget: {', '.join(over)}" if over else 0


class Store(saved.Bench):
    def measures(self):
        binary = self.options.binary
        run = lambda *words: lambda: saved.median(lambda: self.run([binary, *words]))
        return {
            "index": lambda: saved.median(self.index),
            "history": run("history"),
            "history HOST": run("history", self.host),
            "diff": run("diff", *self.scans),
            "diff json": run("diff", *self.scans, "--format", "json"),
            "open": lambda: saved.median(lambda: self.first_row([str(binary), "open", "@last"])),
        }

    def keep_two_scans(self):
        """The second one a day later, without the last hundredth of the hosts."""
        home = self.folder / "rdpscan" / "scans"
        home.mkdir(parents=True)
        today = datetime.datetime(2026, 11, 20, 12)
        self.scans = []
        for number, hosts in enumerate([self.options.hosts, self.options.hosts * 99 // 100]):
            scan = f"{today + datetime.timedelta(days=number):%Y%m%dT%H%M%SZ}-0000000{number}"
            recording = self.recording(self.folder / "hosts.ndjson", hosts, None)
            with recording.open(encoding="utf-8") as lines, (home / f"{scan}.ndjson").open("w", encoding="utf-8") as kept:
                own = None
                for line in lines:
                    own = own or json.loads(line)["scan"]
                    if "attempt_finished" in line and (found := ADDRESS.search(line)):
                        self.host = found.group()
                    kept.write(line.replace(own, scan, 1))
            recording.unlink()
            self.scans.append(scan)

    def index(self):
        """Both journals, read into an index that is missing."""
        for file in (self.folder / "rdpscan" / "scans").glob("index.sqlite*"):
            file.unlink()
        return self.run([self.options.binary, "history"])


if __name__ == "__main__":
    sys.exit(main())
