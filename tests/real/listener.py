"""A small RDP-like listener for whole prefixes: X.224, TLS, then it waits for the client to end. Prints `ready` when it listens.

`listener.py CERTIFICATE KEY [PORT]`. It stands for many hosts where the network is what is tested; servers.py has the real ones.
"""

import asyncio
import contextlib
import logging
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


async def main(certificate, key, port="3389"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(lambda r, w: serve(r, w, context), "0.0.0.0", int(port), backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    # asyncio remarks on every client that ends first, which all do.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(*sys.argv[1:]))
