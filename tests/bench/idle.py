#!/usr/bin/env python3
"""How much of a core does a screen take on which nothing happens?

`/usr/bin/python3 tests/bench/idle.py [BINARY] [SAVED SCAN] [SECONDS]`, on Linux. Without a saved scan the simulated fleet is
scanned first. The screen runs in a pseudo-terminal whose output is read and thrown away; its ticks come from proc(5). The budget is
1 % of a core.
"""

import fcntl
import os
import pathlib
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time

HERE = pathlib.Path(__file__).parent
BUDGET = 1.0
WIDTH, HEIGHT = 120, 40
# Reading the file, the first frames, and the last word about the scan are not idleness.
SETTLE_S = 2.0


def main():
    binary = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent.parent / "target/release/rdpscan").resolve()
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 20.0
    with tempfile.TemporaryDirectory() as folder:
        # Neither the settings nor the taste of whoever measures.
        environment = dict(os.environ, HOME=folder, XDG_CONFIG_HOME=folder, XDG_STATE_HOME=folder, TERM="xterm-256color")
        saved = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else scanned(binary, folder, environment)
        share, frames = idle([str(binary), "open", str(saved)], environment, seconds)
    print(f"idle: {share:.2f} % of a core over {seconds:.0f} s, {frames} bytes drawn meanwhile (budget {BUDGET} %)")
    sys.exit(share > BUDGET)


def scanned(binary, folder, environment):
    """A scan of the simulated fleet."""
    path = pathlib.Path(folder) / "scan.json"
    command = [str(binary), "demo", "--quiet", "--no-tui", "-o", str(path)]
    subprocess.run(command, env=environment, check=True)
    return path


def idle(command, environment, seconds):
    """Share of a core in percent, and bytes written to the terminal, while nobody touches a key."""
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe(command[0], command, environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    if drained(terminal, SETTLE_S) == 0:
        sys.exit(f"nothing was drawn within {SETTLE_S:.0f} s: {' '.join(command)}")
    before, start = ticks(process), time.monotonic()
    drawn = drained(terminal, seconds)
    used, passed = ticks(process) - before, time.monotonic() - start
    os.write(terminal, b"q")
    drained(terminal, 1.0)
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"the screen ended with {os.waitstatus_to_exitcode(status)}")
    return 100 * used / os.sysconf("SC_CLK_TCK") / passed, drawn


def drained(terminal, seconds):
    """Reads the terminal for so long; how many bytes came."""
    count, end = 0, time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            try:
                count += len(os.read(terminal, 65536))
            except OSError:
                # The other side is gone.
                break
    return count


def ticks(process):
    """User and system time of a process: fields 14 and 15 of its line, counted behind the name, which may hold anything."""
    text = pathlib.Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    fields = text.rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


if __name__ == "__main__":
    main()
