"""Servers with one fault each, all in one process: `odd_servers.py SPECS.json` prints `ready` when all of them listen.

A spec is a table with `address`, `kind` (a function `serve_…` below) and the options of that kind. The proxies have real
servers behind them, so that everything but the fault is real.
"""

import asyncio
import contextlib
import json
import pathlib
import socket
import ssl
import struct
import sys

PORT = 3389
# Negotiation responses for TLS and for NLA (MS-RDPBCGR 2.2.1.2.1), and the confirm without negotiation data for a bare request.
CONFIRM = {
    "ssl": bytes.fromhex("030000130ed000001234000200080001000000"),
    "hybrid": bytes.fromhex("030000130ed000001234000200080002000000"),
}
CONFIRM_BARE = bytes.fromhex("0300000b06d00000123400")
# The fatal alert handshake_failure and the warning unrecognized_name, each a record of TLS 1.2.
FATAL_ALERT = bytes.fromhex("15030300020228")
WARNING_ALERT = bytes.fromhex("15030300020170")
# The number of the extension supported_versions, and of TLS 1.3 in it.
SUPPORTED_VERSIONS, TLS_1_3 = b"\x00\x2b", b"\x03\x04"


def reset_on_close(writer):
    """Makes the next close send RST in place of FIN."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def read_tpkt(reader):
    """One X.224 packet with its header."""
    header = await reader.readexactly(4)
    return header + await reader.readexactly(int.from_bytes(header[2:], "big") - 4)


async def read_record(reader):
    """One TLS record with its header."""
    header = await reader.readexactly(5)
    return header + await reader.readexactly(int.from_bytes(header[3:], "big"))


def is_bare(request):
    """The request carries no negotiation data: its last eight bytes are no RDP_NEG_REQ."""
    return len(request) < 19 or request[-8:-4] != b"\x01\x00\x08\x00"


async def answer(reader, writer, spec):
    """Answers the X.224 request and selects TLS or NLA; returns false after a request without negotiation data."""
    bare = is_bare(await read_tpkt(reader))
    writer.write(CONFIRM_BARE if bare else CONFIRM[spec.get("selects", "ssl")])
    return not bare


async def serve_cut(reader, writer, spec):
    """Closes after `after`: accept, request or hello; with RST if `reset` is true."""
    if spec["after"] == "request":
        await read_tpkt(reader)
    if spec["after"] == "hello" and await answer(reader, writer, spec):
        await read_record(reader)
    if spec.get("reset"):
        reset_on_close(writer)


async def serve_warnings(reader, writer, spec):
    """Answers the ClientHello with warning alerts without end."""
    if await answer(reader, writer, spec):
        await read_record(reader)
        while True:
            writer.write(WARNING_ALERT)
            await writer.drain()
            await asyncio.sleep(0.02)


async def serve_shim(reader, writer, spec):
    """Answers X.224 itself and passes TLS on to a server without RDP."""
    if await answer(reader, writer, spec):
        await pass_on(reader, writer, *await asyncio.open_connection(spec["to"], PORT))


async def serve_damaged(reader, writer, spec):
    """A TLS server whose certificate is not well-formed."""
    if await answer(reader, writer, spec):
        await writer.start_tls(spec["context"])
        await reader.read()


async def serve_https(reader, writer, _spec):
    """A web server behind TLS."""
    await reader.readuntil(b"\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")


async def serve_proxy(reader, writer, spec):
    """Passes everything on to a real server, with the faults of the spec.

    `delay`: seconds until the X.224 answer. `drop_every`: closes after every n-th request. `cut`: closes after n bytes from the
    server. `refuses_1_3`: `alert` or `close` when the hello offers TLS 1.3.
    """
    request = await read_tpkt(reader)
    spec["requests"] = spec.get("requests", 0) + 1
    if spec["requests"] % spec.get("drop_every", sys.maxsize) == 0:
        return
    far_reader, far_writer = await asyncio.open_connection(spec["to"], PORT)
    try:
        far_writer.write(request)
        confirm = await read_tpkt(far_reader)
        await asyncio.sleep(spec.get("delay", 0))
        writer.write(confirm)
        if "refuses_1_3" in spec and not is_bare(request):
            hello = await read_record(reader)
            if offers_tls_1_3(hello):
                writer.write(FATAL_ALERT if spec["refuses_1_3"] == "alert" else b"")
                return
            far_writer.write(hello)
        await pass_on(reader, writer, far_reader, far_writer, spec.get("cut", sys.maxsize) - len(confirm))
    finally:
        far_writer.close()


def offers_tls_1_3(hello):
    """The ClientHello names TLS 1.3 in supported_versions."""
    start = hello.find(SUPPORTED_VERSIONS)
    while start >= 0:
        length = int.from_bytes(hello[start + 2 : start + 4], "big")
        body = hello[start + 4 : start + 4 + length]
        # The length of the list proves that the two bytes before are not random.
        if body and body[0] == length - 1:
            return TLS_1_3 in body[1:]
        start = hello.find(SUPPORTED_VERSIONS, start + 1)
    return False


async def pump(reader, writer, limit=sys.maxsize):
    """Passes bytes on until the end or the limit."""
    while limit > 0 and (data := await reader.read(65536)):
        writer.write(data[:limit])
        await writer.drain()
        limit -= len(data)


async def pass_on(reader, writer, far_reader, far_writer, limit=sys.maxsize):
    """Passes bytes on in both directions until one of them ends."""
    await until_one_ends(pump(reader, far_writer), pump(far_reader, writer, limit))
    far_writer.close()


async def until_one_ends(*both):
    """Runs two directions, and cancels the other when one ends."""
    tasks = [asyncio.ensure_future(one) for one in both]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def damage(path):
    """Damages a certificate in OpenSSL's memory, since OpenSSL does not load a damaged one: its inner SEQUENCE becomes NULL.

    The rest of the handshake is valid, which it would not be if a proxy changed the certificate.
    """
    der = ssl.PEM_cert_to_DER_cert(path.read_text(encoding="ascii"))
    # After the header of the outer SEQUENCE; the serial number makes it unique.
    start = der[4:64]
    with open("/proc/self/maps", encoding="ascii") as maps, open("/proc/self/mem", "r+b", buffering=0) as memory:
        for line in maps.readlines():
            span, rights, *_ = line.split()
            low, high = (int(address, 16) for address in span.split("-"))
            if rights.startswith("rw"):
                memory.seek(low)
                block = memory.read(high - low)
                place = block.find(start)
                while place >= 0:
                    memory.seek(low + place)
                    memory.write(b"\x05")
                    place = block.find(start, place + 1)


async def start(spec):
    """Listens for one spec."""
    serve = globals()[f"serve_{spec['kind']}"]

    async def connection(reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            async with asyncio.timeout(60):
                await serve(reader, writer, spec)
        writer.close()

    if spec["kind"] in ("https", "damaged"):
        spec["context"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        spec["context"].load_cert_chain(spec["chain"], spec["key"])
    if spec["kind"] == "damaged":
        damage(pathlib.Path(spec["chain"]))
    context = spec["context"] if spec["kind"] == "https" else None
    await asyncio.start_server(connection, spec["address"], PORT, ssl=context)


async def main(path):
    """Starts every spec and keeps them running."""
    for spec in json.loads(pathlib.Path(path).read_text(encoding="utf-8")):
        await start(spec)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1]))
