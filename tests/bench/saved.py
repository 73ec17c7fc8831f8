#!/usr/bin/env python3
"""What does a large saved scan cost: to open, and to write in every format?

`/usr/bin/python3 tests/bench/saved.py BINARY [--hosts N] [--attempts A] [--only NAME]... [--json OUT] [--against FILE]`, on Linux.
The simulated fleet is scanned once, and its recording is multiplied until it has N hosts, each with its own address, name and
certificate. Every measure is a whole process: CPU seconds (user and system), wall time and peak resident memory, the median of
three runs. Where other work shares the machine, trust CPU and memory only; a peak below 15 MiB is that of this program.
`--template FILE` keeps the recording of the simulated fleet there, or uses the one that is there; recordings of binaries with
different event forms do not mix. `--keep FILE` only writes the multiplied recording.
"""

import argparse
import copy
import datetime
import fcntl
import hashlib
import json
import os
import pathlib
import pty
import re
import resource
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback

FORMATS = ["text", "json", "ndjson", "csv", "xlsx", "markdown", "prometheus", "junit", "html"]
# Hosts and attempts at each; the last is a million lines.
HISTORIES = [(1, 5000), (1060, 100), (1060, 1000)]
HOSTILE = {"targets": "plan", "san_dns": "certificates"}
HOSTILE_BYTES = 80_000_000
RUNS = 3
LIMIT_S = 300
# More than any run should take, and less than the machine has.
MEMORY_LIMIT = 16 << 30
WIDTH, HEIGHT = 120, 40


def main():
    options = arguments()
    earlier = json.loads(options.against.read_text())["measures"] if options.against else {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, pathlib.Path(folder))
        if options.keep:
            bench.recording(options.keep, options.hosts, options.attempts)
            return
        print(f"{options.hosts} hosts, {options.attempts or 'recorded'} attempts, median of {RUNS} runs", flush=True)
        print(heading(options.against), flush=True)
        figures = {}
        for name, measure in bench.measures().items():
            if not options.only or name in options.only:
                figures[name] = measure()
                print(row(name, figures[name], earlier.get(name), options.against), flush=True)
    if options.json:
        kept = {"binary": str(options.binary), "hosts": options.hosts, "attempts": options.attempts, "measures": figures}
        options.json.write_text(json.dumps(kept, indent=1) + "\n")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=lambda name: pathlib.Path(name).resolve())
    parser.add_argument("--hosts", type=int, default=65536)
    parser.add_argument("--attempts", type=int, help="attempts at each host [default: as recorded]")
    parser.add_argument("--only", action="append", choices=list(Bench(None, None).measures()))
    parser.add_argument("--template", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--against", type=pathlib.Path)
    parser.add_argument("--keep", type=pathlib.Path)
    return parser.parse_args()


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.made = options, folder, {}

    def measures(self):
        """Name to what measures it."""
        saved = {format: lambda format=format: self.report(self.hosts(), format) for format in FORMATS}
        more = {"json-csv": self.from_json, "open": self.open}
        for hosts, attempts in HISTORIES:
            more[f"{hosts}x{attempts}"] = lambda hosts=hosts, attempts=attempts: self.history(hosts, attempts)
        for key, inside in HOSTILE.items():
            more[f"hostile-{key}"] = lambda key=key, inside=inside: self.hostile(key, inside)
        return saved | more

    def template(self):
        """The recording of the simulated fleet."""
        path = self.options.template or self.folder / "template.ndjson"
        if not path.exists():
            command = [self.options.binary, "demo", "--no-tui", "--quiet", "--format", "ndjson", "-o", path]
            subprocess.run(command, env=environment(self.folder), check=True)
        return path

    def recording(self, path, hosts, attempts):
        template = self.template()
        if not in_child(lambda: multiply(template, hosts, attempts, path)):
            sys.exit("the recording cannot be multiplied")
        return path

    def hosts(self):
        if "hosts" not in self.made:
            self.made["hosts"] = self.recording(self.folder / "hosts.ndjson", self.options.hosts, self.options.attempts)
        return self.made["hosts"]

    def converted(self, recording):
        """A recording as a JSON report; None when it cannot be written."""
        path = self.folder / "converted.json"
        command = [self.options.binary, "report", recording, "--format", "json", "-o", path, "--quiet"]
        done = subprocess.run(command, env=environment(self.folder), stderr=subprocess.DEVNULL, check=False)
        return path if done.returncode == 0 else None

    def report(self, source, format):
        target = self.folder / f"out.{format}"
        command = [self.options.binary, "report", source, "--format", format, "-o", target, "--quiet"]
        figures = median(lambda: self.run(command))
        if target.exists():
            figures["output_mb"] = target.stat().st_size / 1e6
            target.unlink()
        return figures

    def from_json(self):
        source = self.converted(self.hosts())
        if source is None:
            return {"outcome": "no JSON to open: see the measure json"}
        figures = self.report(source, "csv")
        source.unlink()
        return figures

    def history(self, hosts, attempts):
        source = self.recording(self.folder / "history.ndjson", hosts, attempts)
        figures = self.report(source, "csv")
        source.unlink()
        return figures

    def hostile(self, key, inside):
        """A small report in which one list of texts has millions."""
        small = self.converted(self.template())
        if small is None:
            return {"outcome": "no JSON to start from"}
        made = in_child(lambda: fill(small, key, inside))
        figures = self.report(small, "csv") if made else {"outcome": f"no list `{key}` in a report"}
        small.unlink()
        return figures

    def run(self, command):
        """One process to its end."""
        messages = self.folder / "stderr"
        started = time.monotonic()
        with messages.open("w") as errors:
            process = subprocess.Popen(
                list(map(str, command)),
                env=environment(self.folder),
                stdout=subprocess.DEVNULL,
                stderr=errors,
                preexec_fn=limit_memory,
            )
        timer = threading.Timer(LIMIT_S, process.kill)
        timer.start()
        # wait4 gives the peak of this very child.
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        return self.figures(status, usage, time.monotonic() - started, messages.read_text(errors="replace"))

    def figures(self, status, usage, wall, messages):
        code = os.waitstatus_to_exitcode(status)
        outcome = "ok"
        if code and wall >= LIMIT_S:
            outcome = f"over {LIMIT_S} s"
        elif code:
            first = next(iter(messages.splitlines()), "").replace(str(self.folder) + "/", "")
            outcome = f"{'signal' if code < 0 else 'exit'} {abs(code)}: {first[:150]}"
        cpu = usage.ru_utime + usage.ru_stime
        return {"outcome": outcome, "cpu_s": cpu, "wall_s": wall, "peak_mib": usage.ru_maxrss / 1024}

    def open(self):
        """From the start to the first row of a host on the screen."""
        command = [str(self.options.binary), "open", str(self.hosts())]
        return median(lambda: self.first_row(command))

    def first_row(self, command):
        # The size is set before the program starts, which reads it once.
        terminal, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            env=environment(self.folder),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=own_terminal,
        )
        os.close(slave)
        timer = threading.Timer(LIMIT_S, process.kill)
        timer.start()
        drawn, wall, asked = b"", None, False
        while chunk := read(terminal):
            drawn += chunk
            # The title names targets with their ports.
            if not asked and re.search(rb"127\.\d+\.\d+\.\d+[ \x1b]", drawn):
                wall, asked = time.monotonic() - started, True
                os.write(terminal, b"q")
        os.close(terminal)
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        figures = self.figures(status, usage, wall or time.monotonic() - started, drawn.decode(errors="replace"))
        if wall is None and figures["outcome"] == "ok":
            figures["outcome"] = "no row was drawn"
        return figures


def fill(report, key, inside):
    """Puts millions of texts into the first list of that name."""
    document = json.loads(report.read_text())
    holder = next(part for part in dicts(document.get(inside, document)) if isinstance(part.get(key), list))
    holder[key] = "@list@"
    before, after = json.dumps(document).split('"@list@"')
    with report.open("w") as out:
        out.write(before + '["a"')
        for _ in range(HOSTILE_BYTES // 4000):
            out.write(',"a"' * 1000)
        out.write("]" + after)


def in_child(work):
    """Makes an input in a separate process: the kernel counts the peak of this one into that of every program it starts."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def read(terminal):
    """What was drawn; nothing when the program has ended."""
    select.select([terminal], [], [])
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))


def own_terminal():
    limit_memory()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def environment(folder):
    """Without the settings and preferences of the user."""
    home = str(folder)
    own = {key: value for key, value in os.environ.items() if not key.startswith("RDPSCAN_")}
    return own | {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home, "TERM": "xterm-256color"}


def median(measure):
    """Of several runs; a run that failed is not repeated."""
    runs = []
    for _ in range(RUNS):
        runs.append(measure())
        if runs[-1]["outcome"] != "ok":
            return runs[-1]
    return {"outcome": "ok"} | {key: statistics.median(run[key] for run in runs) for key in runs[0] if key != "outcome"}


# The table.

COLUMNS = {"cpu_s": ("CPU s", 8, 2), "wall_s": ("wall s", 8, 2), "peak_mib": ("peak MiB", 10, 1), "output_mb": ("output MB", 10, 1)}


def heading(against):
    titles = (f"{title:>{(2 if against else 1) * width + 2}}" for title, width, _ in COLUMNS.values())
    return f"{'measure':<18}" + "".join(titles) + "  outcome"


def row(name, figures, earlier, against):
    """One line; with earlier figures, `earlier > new`."""
    cells = []
    for key, (_, width, digits) in COLUMNS.items():
        parts = [figures] if not against else [earlier or {}, figures]
        text = " > ".join("-" if part.get(key) is None else f"{part[key]:.{digits}f}" for part in parts)
        cells.append(f"{text:>{len(parts) * width + 2}}")
    outcome = figures["outcome"]
    if earlier and earlier["outcome"] != outcome:
        outcome += f" (before: {earlier['outcome']})"
    return f"{name:<18}" + "".join(cells) + f"  {outcome}"


# Multiplying a recording. Addresses, names and digests are replaced in every string, so that this depends little on the form of the
# events: only on the kinds of the first and last, on checkpoints, attempts, chains and lists of certificates.

MARK = re.compile('"\ue000(\\w+)\ue001"|\ue002(\\w+)\ue003')
TIMES = {"at", "started_at", "asked_at", "server_time"}


def multiply(template, hosts, attempts, path):
    """Writes a recording with so many hosts, one line at a time."""
    lines = [json.loads(line) for line in template.read_text().splitlines()]
    with path.open("w", encoding="utf-8") as out:
        write_copies(lines, hosts, attempts, out)


def write_copies(lines, hosts, attempts, out):
    identities = Identities(lines)
    keys = list(identities.rows)
    copies, rest = divmod(hosts, len(keys))
    # The hosts with the most evidence, for a part of a copy.
    richest = sorted(keys, key=lambda key: -identities.rows[key])[:rest]
    parts = [(Template(lines, identities, None, attempts), range(copies))] if copies else []
    parts += [(Template(lines, identities, set(richest), attempts), range(copies, copies + 1))] if rest else []
    seq = 0

    def write(line, index, **values):
        nonlocal seq
        out.write(line.text(index, seq=seq, **values))
        out.write("\n")
        seq += 1

    targets = [target.text(index) for template, indexes in parts for index in indexes for target in template.targets]
    first, last = lines[0], lines[-1] if kind(lines[-1]) == "scan_finished" else None
    write(Line(scaled(first, hosts / len(keys)), identities), 0, list=f"[{','.join(targets)}]")
    # Copies begin a second apart: hosts that fail in the same moment would look like an outage of this machine.
    spread, seconds = copies + 1, copies
    for template, indexes in parts:
        for index in indexes:
            for line, values in template.recorded:
                if line.moves or index == 0:
                    write(line, index, shift=index, **values)
        for line, rounds, values in template.repeated():
            for index in indexes:
                seconds = max(seconds, index + rounds * spread)
                write(line, index, shift=index + rounds * spread, **values)
    if last:
        write(Line(scaled(last, hosts / len(keys)), identities), 0, shift=seconds)


def scaled(line, factor):
    """The start or the end of a scan with more hosts."""
    line = copy.deepcopy(line)
    body = content(line)
    for key in ("endpoints_planned", "names_planned", "endpoints_probed"):
        if key in body:
            body[key] = round(body[key] * factor)
    if "targets" in body:
        body["targets"] = "\ue000list\ue001"
    return line


def event(line):
    return line.get("body") or line["event"]


def kind(line):
    """`{"event": "kind", ...}` in `body`, or `{"kind": ...}` in `event`, or a bare kind."""
    body = event(line)
    return body if isinstance(body, str) else body["event"] if isinstance(body.get("event"), str) else next(iter(body))


def content(line):
    body = event(line)
    if isinstance(body, str):
        return {}
    inside = body if isinstance(body.get("event"), str) else next(iter(body.values()))
    return inside if isinstance(inside, dict) else {}


def dicts(value):
    """Every object in a value, outermost first."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from dicts(inner)


def texts(value, key=None):
    """Every text in a value, with the key that it stands under."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for inner_key, inner in value.items():
            yield from texts(inner, inner_key)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, key)


def attempt(line):
    """The attempt in a line."""
    return next((part for part in dicts(content(line)) if "number" in part and "endpoint" in part), None)


def host_of(line):
    """The host that a line is about: an endpoint, else a name."""
    body = content(line)
    for part in dicts(body):
        endpoint = part.get("endpoint")
        if isinstance(endpoint, dict) and "address" in endpoint:
            return f"{endpoint['address']}:{endpoint.get('port')}"
        if isinstance(endpoint, str):
            return endpoint
    return f"{body['name']}:{body.get('port')}" if "name" in body else None


def certificates(value):
    """Every certificate in a value."""
    return (part for part in dicts(value) if isinstance(part.get("sha256"), str) and "serial" in part)


def chains(value):
    """Every chain in a value as digests, leaf first."""
    for part in dicts(value):
        if chain := part.get("chain"):
            yield [link if isinstance(link, str) else link["sha256"] for link in chain]


class Identities:
    """What is different in every copy of a recording, and which hosts it has."""

    def __init__(self, lines):
        bodies = [content(line) for line in lines]
        found = [pair for body in bodies for pair in texts(body)]
        # Addresses of simulated hosts; the resolver's own stays.
        candidates = {match for _, text in found for match in re.findall(r"(?<![\d.])127\.\d+\.\d+\.\d+", text)}
        self.addresses = sorted(text for text in candidates if not text.startswith("127.0.0."))
        domains = {text for key, text in found if key == "dns_domain" and text}
        in_domain = re.compile(rf"[\w-]+(\.[\w-]+)*\.({'|'.join(map(re.escape, domains))})")
        names = {text for key, text in found if key in ("name", "by_name") or (domains and in_domain.fullmatch(text))}
        labels = {name.split(".")[0].lower() for name in names}
        all_chains = [chain for body in bodies for chain in chains(body)]
        self.issuers = {digest for chain in all_chains for digest in chain[1:]} - {chain[0] for chain in all_chains}
        own = [one for body in bodies for one in certificates(body) if one["sha256"] not in self.issuers]
        self.digests = sorted({text for one in own for _, text in texts(one) if re.fullmatch("[0-9a-f]{16,}", text)})
        self.marks_of = {text: f"a{index}" for index, text in enumerate(self.addresses)}
        self.marks_of |= {text: f"d{index}" for index, text in enumerate(self.digests)}
        self.pattern = re.compile(
            rf"(?<![\w.-])(?P<label>{'|'.join(sorted(map(re.escape, labels), key=len, reverse=True))})(?![\w-])"
            rf"|(?<![\w.])(?P<whole>{'|'.join(sorted(map(re.escape, self.marks_of), key=len, reverse=True))})(?!\w)",
            re.IGNORECASE,
        )
        # Rows of the table, with the size of their events. References are no rows.
        self.rows = {}
        for line in lines:
            body = content(line)
            is_row = attempt(line) and not body.get("by_reference")
            if is_row or ("name" in body and body.get("endpoints") == []):
                self.rows[host_of(line)] = self.rows.get(host_of(line), 0) + len(json.dumps(body))

    def marked(self, text):
        """A text with marks in place of what changes."""
        return self.pattern.sub(lambda m: m[0] + "\ue002s\ue003" if m["label"] else f"\ue002{self.marks_of[m[0].lower()]}\ue003", text)

    def value(self, mark, index):
        """What a mark stands for in a copy."""
        if mark == "s":
            return f"-{index}"
        number = int(mark[1:])
        if mark[0] == "d":
            old = self.digests[number]
            return old[:2] + hashlib.sha256(f"{index}:{old}".encode()).hexdigest()[: len(old) - 2]
        count = index * len(self.addresses) + number
        # Neither 127.0.0.0/16 nor a last number of 0 or 255.
        return f"127.{1 + count // 64000}.{count // 250 % 256}.{1 + count % 250}"


class Line:
    """A line of a recording, or a part of one, in as many copies as wanted."""

    def __init__(self, value, identities):
        self.identities = identities
        if isinstance(value, dict):
            value = copy.deepcopy(value)
            value["seq"] = "\ue000seq\ue001"
        pieces = MARK.split(json.dumps(self.mark(value, None), ensure_ascii=False, separators=(",", ":")))
        # The pattern has two groups: literal, mark of a value, mark in a text, literal, ...
        self.literals, self.marks = pieces[::3], [one or other for one, other in zip(pieces[1::3], pieces[2::3])]
        self.moves = any(mark[0] == "a" or mark == "s" for mark in self.marks)

    def mark(self, value, key):
        if isinstance(value, dict):
            return {self.identities.marked(name): self.mark(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.mark(inner, key) for inner in value]
        if not isinstance(value, str) or value.startswith("\ue000"):
            return value
        if key in TIMES and (time_of := re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z", value)):
            seconds = int(datetime.datetime.fromisoformat(time_of[1] + "+00:00").timestamp())
            return f"\ue002t{seconds}\ue003{time_of[2] or ''}Z"
        return self.identities.marked(value)

    def text(self, index, shift=0, **values):
        parts = [self.literals[0]]
        for mark, literal in zip(self.marks, self.literals[1:]):
            if mark in values:
                parts.append(str(values[mark]))
            elif mark[0] == "t":
                parts.append(clock(int(mark[1:]) + shift))
            else:
                parts.append(self.identities.value(mark, index))
            parts.append(literal)
        return "".join(parts)


def clock(seconds):
    now = time.gmtime(seconds)
    return f"{now.tm_year}-{now.tm_mon:02}-{now.tm_mday:02}T{now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}"


class Template:
    """The lines between start and end, of all hosts or of those wanted, with so many attempts at each."""

    def __init__(self, lines, identities, wanted, attempts):
        self.identities, self.attempts = identities, attempts
        leads = {host_of(line): endpoints_of(line) for line in lines if "name" in content(line)}
        self.targets = [
            Line(target, identities)
            for target in content(lines[0])["targets"]
            if wanted is None or target in wanted or leads.get(target, set()) & wanted
        ]
        self.lines = []
        # Certificates of lines that are left out, for the next line whose chain needs them.
        carried = {}
        for line in lines[1:]:
            if kind(line) in ("checkpoint", "scan_finished"):
                continue
            mine = wanted is None or host_of(line) in wanted or leads.get(host_of(line), set()) & wanted
            tried = attempt(line)
            if not mine or (tried and attempts and tried["number"] > attempts):
                carried |= {one["sha256"]: one for one in new_certificates(line)}
                continue
            line = with_certificates(line, carried)
            if attempts and isinstance(content(line).get("attempt"), int):
                # The newest attempt whose names were checked.
                line = copy.deepcopy(line)
                content(line)["attempt"] = min(content(line)["attempt"], attempts)
            self.lines.append(line)
        self.by_host = {}
        for line in self.lines:
            if attempt(line) and not content(line).get("by_reference"):
                self.by_host.setdefault(host_of(line), []).append(line)
        self.recorded = [(compiled(line, identities), self.values(line)) for line in self.lines]

    def values(self, line):
        """Its own number, and how many attempts follow at its host."""
        tried, body, mine = attempt(line), content(line), self.by_host.get(host_of(line), [])
        if not tried or not self.attempts or not any(line is one for one in mine):
            return {"number": tried and tried["number"], "last": json.dumps(body.get("last")), "remaining": body.get("remaining")}
        return self.numbered(tried["number"], line is mine[-1] and len(mine) >= self.attempts)

    def numbered(self, number, last):
        return {"number": number, "last": json.dumps(last), "remaining": 0 if last else max(self.attempts - number, 1)}

    def repeated(self):
        """The attempts beyond those recorded, round by round, with how many rounds later than the recorded one each is."""
        again = [[compiled(without_certificates(line), self.identities) for line in mine] for mine in self.by_host.values()]
        for number in range(self.attempts or 0):
            for mine in again:
                if number >= len(mine):
                    turn = number % len(mine)
                    yield mine[turn], number - turn, self.numbered(number + 1, number + 1 == self.attempts)


def endpoints_of(line):
    """The endpoints that a name leads to, or the name itself."""
    ends = content(line).get("endpoints") or []
    return {end if isinstance(end, str) else f"{end['address']}:{end['port']}" for end in ends} or {host_of(line)}


def compiled(line, identities):
    line = copy.deepcopy(line)
    if tried := attempt(line):
        tried["number"] = "\ue000number\ue001"
        for key in ("last", "remaining"):
            if key in content(line):
                content(line)[key] = f"\ue000{key}\ue001"
    return CopiedLine(line, identities)


class CopiedLine(Line):
    """A line with the certificates of issuers in the first copy only: every certificate stands once in a stream."""

    def __init__(self, line, identities):
        super().__init__(line, identities)
        issuers = {one["sha256"] for one in new_certificates(line)} & identities.issuers
        self.later = Line(without_certificates(line, issuers), identities) if issuers else None

    def text(self, index, shift=0, **values):
        return self.later.text(index, shift, **values) if index and self.later else super().text(index, shift, **values)


def new_certificates(line):
    """The certificates beside the chain of a line."""
    return certificates(content(line).get("certificates"))


def without_certificates(line, which=None):
    """A line without these certificates, or without any."""
    if not content(line).get("certificates"):
        return line
    line = copy.deepcopy(line)
    body = content(line)
    kept = body["certificates"]
    if isinstance(kept, dict):
        body["certificates"] = {key: one for key, one in kept.items() if which is not None and one["sha256"] not in which}
    else:
        body["certificates"] = [one for one in kept if which is not None and one["sha256"] not in which]
    return line


def with_certificates(line, carried):
    """A line with those of its chain that a left-out line had."""
    missing = [carried.pop(digest) for chain in chains(content(line)) for digest in chain if digest in carried]
    if not missing:
        return line
    line = copy.deepcopy(line)
    body = content(line)
    if isinstance(body.get("certificates"), dict):
        body["certificates"] |= {one["sha256"]: one for one in missing}
    else:
        body["certificates"] = [*body.get("certificates", []), *missing]
    return line


if __name__ == "__main__":
    sys.exit(main())
