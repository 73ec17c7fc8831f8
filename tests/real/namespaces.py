"""Two network namespaces of the test's own, joined by one pair of interfaces and by nothing else.

`near` is where the scanner runs; `far` holds the addresses that are scanned. There is no route to any other network, so
nothing can leave this machine, whichever addresses are used.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
NEAR_LINK = "192.0.2.1"
FAR_LINK = "192.0.2.2"
# With `ipv6`: one link, and no default route unless a test adds it.
NEAR_LINK_6 = "fd00:1::1"
FAR_LINK_6 = "fd00:1::2"


def command(*words, feed=None):
    """Runs a command, and raises with its complaint when it fails."""
    done = subprocess.run([str(word) for word in words], input=feed, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def listener(certificate, *options, before=()):
    """Starts listener.py with the certificate in a folder, behind the words of another command, and waits until it listens."""
    program = [sys.executable, HERE / "listener.py", certificate / "chain.pem", certificate / "key.pem"]
    process = subprocess.Popen(list(map(str, [*before, *program, *options])), stdout=subprocess.PIPE, text=True)
    if process.stdout.readline() != "ready\n":
        process.kill()
        raise RuntimeError("the listener did not start")
    return process


class Ground:
    """The namespaces, and every process started in them."""

    def __init__(self, ipv6=False):
        self.ipv6 = ipv6
        self.near = f"rdpscan-near-{os.getpid()}"
        self.far = f"rdpscan-far-{os.getpid()}"
        self.branches = []
        self.processes = []

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            # As an exception, so that a test that is stopped half-way takes its namespaces away as well.
            signal.signal(number, lambda number, _: sys.exit(128 + number))
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for name in (self.near, self.far, *self.branches):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
            shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)

    def build(self):
        """Makes both, with one link between them and everything else routed over it."""
        for name in (self.near, self.far):
            command("ip", "netns", "add", name)
            command("ip", "-n", name, "link", "set", "lo", "up")
        command("ip", "link", "add", "near", "netns", self.near, "type", "veth", "peer", "name", "far", "netns", self.far)
        for name, link, address in ((self.near, "near", NEAR_LINK), (self.far, "far", FAR_LINK)):
            command("ip", "-n", name, "address", "add", f"{address}/24", "dev", link)
            command("ip", "-n", name, "link", "set", link, "up")
            if self.ipv6:
                # A container may have been started without.
                self.setting(name, f"ipv6/conf/{link}/disable_ipv6", 0)
                # Without the check for duplicates, which takes seconds.
                address = NEAR_LINK_6 if name == self.near else FAR_LINK_6
                command("ip", "-n", name, "address", "add", f"{address}/64", "dev", link, "nodad")
        command("ip", "-n", self.near, "route", "add", "default", "via", FAR_LINK)

    def branch(self, site, nameserver=None):
        """A namespace of a further site, with one link to the far side and everything routed over it, and a DNS server of its own."""
        name = f"rdpscan-{site}-{os.getpid()}"
        self.branches.append(name)
        far, near = (f"203.0.113.{4 * len(self.branches) + host}" for host in (1, 2))
        command("ip", "netns", "add", name)
        command("ip", "-n", name, "link", "set", "lo", "up")
        command("ip", "link", "add", "site", "netns", name, "type", "veth", "peer", "name", f"to-{site}", "netns", self.far)
        for space, link, address in ((name, "site", near), (self.far, f"to-{site}", far)):
            command("ip", "-n", space, "address", "add", f"{address}/30", "dev", link)
            command("ip", "-n", space, "link", "set", link, "up")
        command("ip", "-n", name, "route", "add", "default", "via", far)
        if nameserver:
            # `ip netns exec` puts it in the place of the machine's own.
            settings = pathlib.Path(f"/etc/netns/{name}")
            settings.mkdir(parents=True)
            (settings / "resolv.conf").write_text(f"nameserver {nameserver}\n")
        return name

    def own(self, prefix):
        """Lets every address of a prefix be the far side's own, so that one listener answers for all."""
        command("ip", "-n", self.far, "route", "add", "local", prefix, "dev", "lo")

    def setting(self, name, key, value):
        """Sets a value below /proc/sys/net in one of the two."""
        command("ip", "netns", "exec", name, "tee", f"/proc/sys/net/{key}", feed=f"{value}\n")

    def rules(self, name, text):
        """Loads nftables rules in one of the two."""
        command("ip", "netns", "exec", name, "nft", "-f", "-", feed=text)

    def counter(self, name, counter):
        """Packets counted so far by a named counter of table `lab`."""
        words = command("ip", "netns", "exec", name, "nft", "list", "counter", "inet", "lab", counter).split()
        return int(words[words.index("packets") + 1])

    def start(self, name, *words, **options):
        """Starts a process in one of the two; it ends with the ground."""
        process = subprocess.Popen(["ip", "netns", "exec", name, *map(str, words)], **options)
        self.processes.append(process)
        return process

    def listen(self, certificate, *options, before=()):
        """Starts listener.py on the far side; it ends with the ground."""
        process = listener(certificate, *options, before=["ip", "netns", "exec", self.far, *before])
        self.processes.append(process)
        return process
