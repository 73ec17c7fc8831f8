#!/usr/bin/env python3
"""65,536 addresses of which ten live: how long, how much memory, and are all ten found?

`/usr/bin/python3 tests/bench/silent.py [BINARY]`, as root on Linux: the addresses exist only in network namespaces of this
program's own. The budget is 5 s and 64 MB with `--rate 0`; the run with the default rate shows what a user sees.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
REAL = HERE.parent / "real"
sys.path.insert(0, str(REAL))
sys.dont_write_bytecode = True

import certificates  # noqa: E402
import namespaces  # noqa: E402

SWEEP = "198.18.0.0/16"
RUNS = [("--rate 0, one attempt", ["--rate", "0", "--attempts", "1"]), ("--rate 0", ["--rate", "0"]), ("defaults", [])]


def main():
    binary = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent.parent / "target/release/rdpscan").resolve()
    places = random.Random(3389).sample(range(65536), 10)
    lively = [f"198.18.{place >> 8}.{place & 255}" for place in places]
    with tempfile.TemporaryDirectory() as folder, namespaces.Ground() as ground:
        made = pathlib.Path(folder) / "certificate"
        report = pathlib.Path(folder) / "report.json"
        certificates.make(made, common_name="many", key="ec:P-256")
        for address in lively:
            ground.own(f"{address}/32")
        ground.rules(ground.far, f"""
            table inet lab {{
              set lively {{ type ipv4_addr; elements = {{ {", ".join(lively)} }} }}
              chain input {{
                type filter hook prerouting priority 0;
                ip daddr {SWEEP} ip daddr != @lively drop
              }}
            }}""")  # fmt: skip
        ground.listen(made)
        for name, options in RUNS:
            words = ["ip", "netns", "exec", ground.near, binary, SWEEP, "--no-dns", "--no-tui", "--quiet"]
            words += ["--format", "json", "-o", report, *options]
            started = time.monotonic()
            process = subprocess.Popen(list(map(str, words)))
            # wait4 tells the peak of this very child; `ip netns exec` becomes the scanner, it does not fork.
            _, status, usage = os.wait4(process.pid, 0)
            took = time.monotonic() - started
            found = {host["address"] for host in json.loads(report.read_text())["hosts"]} & set(lively) if status == 0 else set()
            cpu = usage.ru_utime + usage.ru_stime
            print(f"{name:<24} {took:6.1f} s  {usage.ru_maxrss / 1024:6.1f} MiB peak  {cpu:5.1f} s CPU  {len(found)} of 10 found", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
