"""A small RDP-like listener for whole prefixes: X.224, TLS, then it waits for the client to end.

Prints `ready` when it listens, and `connected` at the first connection. It stands for many hosts where the network is what is
tested; servers.py has the real ones.
"""

import argparse
import asyncio
import contextlib
import logging
import multiprocessing
import resource
import signal
import socket
import ssl
import sys

# Negotiation response: TLS (MS-RDPBCGR 2.2.1.2.1).
CONFIRM = bytes.fromhex("030000130ed000001234000200080001000000")


async def serve(reader, writer, context):
    """One client, for at most ten seconds."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
        async with asyncio.timeout(10):
            header = await reader.readexactly(4)
            await reader.readexactly(int.from_bytes(header[2:], "big") - 4)
            writer.write(CONFIRM)
            await writer.start_tls(context)
            await reader.read()
    writer.close()


async def accept_slowly(listening, per_second, client):
    """Accepts at most so many connections per second; those that wait fill the backlog."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        accepted, _ = await loop.sock_accept(listening)

        def protocol():
            reader = asyncio.StreamReader()
            return asyncio.StreamReaderProtocol(reader, client)

        await loop.connect_accepted_socket(protocol, accepted)
        due = max(due, loop.time()) + 1 / per_second
        await asyncio.sleep(due - loop.time())


async def listen(listening, options):
    """Serves the clients of one socket."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate, options.key)
    connected = False

    async def client(reader, writer):
        nonlocal connected
        if not connected:
            connected = True
            print("connected", flush=True)
        await serve(reader, writer, context)

    if options.accepts:
        await accept_slowly(listening, options.accepts, client)
    else:
        server = await asyncio.start_server(client, sock=listening, backlog=options.backlog)
        await server.serve_forever()


def work(listening, options):
    """One process."""
    # asyncio remarks on every client that ends first, which all do.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(listen(listening, options))


def bound(options):
    """A socket that listens; several on one port share its connections."""
    listening = socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET)
    if listening.family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.setblocking(False)
    listening.bind((options.host, options.port))
    listening.listen(options.backlog)
    return listening


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("certificate")
    parser.add_argument("key")
    parser.add_argument("--host", default="0.0.0.0", help="an IPv6 address takes IPv4 as well")
    parser.add_argument("--port", type=int, default=3389)
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--backlog", type=int, default=4096, help="connections of each process that wait to be accepted")
    parser.add_argument("--accepts", type=int, default=0, help="connections per second that each process accepts; 0 is no limit")
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sockets = [bound(options) for _ in range(options.workers)]
    if options.workers == 1:
        print("ready", flush=True)
        work(sockets[0], options)
        return
    processes = [multiprocessing.Process(target=work, args=(one, options), daemon=True) for one in sockets]
    for process in processes:
        process.start()
    # Only the process of a socket may hold it: connections to one that nobody accepts from would wait for ever.
    for one in sockets:
        one.close()
    # As an exception, so that the workers end as well.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    print("ready", flush=True)
    for process in processes:
        process.join()


if __name__ == "__main__":
    main()
