"""Two network namespaces of the test's own, joined by one pair of interfaces and by nothing else.

`near` is where the scanner runs; `far` holds the addresses that are scanned. There is no route to any other network, so
nothing can leave this machine, whichever addresses are used.
"""

import os
import signal
import subprocess
import sys

NEAR_LINK = "192.0.2.1"
FAR_LINK = "192.0.2.2"


def command(*words, feed=None):
    """Runs a command, and raises with its complaint when it fails."""
    done = subprocess.run([str(word) for word in words], input=feed, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Ground:
    """The namespaces, and every process started in them."""

    def __init__(self):
        self.near = f"rdpscan-near-{os.getpid()}"
        self.far = f"rdpscan-far-{os.getpid()}"
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
        for name in (self.near, self.far):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)

    def build(self):
        """Makes both, with one link between them and everything else routed over it."""
        for name in (self.near, self.far):
            command("ip", "netns", "add", name)
            command("ip", "-n", name, "link", "set", "lo", "up")
        command("ip", "link", "add", "near", "netns", self.near, "type", "veth", "peer", "name", "far", "netns", self.far)
        for name, link, address in ((self.near, "near", NEAR_LINK), (self.far, "far", FAR_LINK)):
            command("ip", "-n", name, "address", "add", f"{address}/24", "dev", link)
            command("ip", "-n", name, "link", "set", link, "up")
        command("ip", "-n", self.near, "route", "add", "default", "via", FAR_LINK)

    def own(self, prefix):
        """Lets every address of a prefix be the far side's own, so that one listener answers for all."""
        command("ip", "-n", self.far, "route", "add", "local", prefix, "dev", "lo")

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
