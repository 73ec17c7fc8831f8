"""One connection to an RDP server with the standard library only: what the server does, without asking the scanner.

Run by hand as `python3 tests/real/knock.py ADDRESS [PORT]`.
"""

import hashlib
import socket
import ssl
import struct
import sys
import warnings

# The X.224 request for SSL and HYBRID (MS-RDPBCGR 2.2.1.1).
REQUEST = bytes.fromhex("030000130ee000000000000100080003000000")
NTLM_NEGOTIATE = b"NTLMSSP\0" + struct.pack("<II", 1, 0xE2088297) + bytes(16) + bytes([10, 0, 0x61, 0x4A, 0, 0, 0, 15])
SELECTED = {0: "standard_rdp", 1: "ssl", 2: "hybrid", 4: "rdstls", 8: "hybrid_ex"}


def der(tag, content):
    """One DER element shorter than 128 bytes."""
    return bytes([tag, len(content)]) + content


def ts_request(token):
    """A TSRequest of version 6 with one token (MS-CSSP 2.2.1)."""
    tokens = der(0xA1, der(0x30, der(0x30, der(0xA0, der(0x04, token)))))
    return der(0x30, der(0xA0, der(0x02, b"\x06")) + tokens)


def read_exactly(link, count):
    """Reads so many bytes, or raises when the peer ends earlier."""
    data = b""
    while len(data) < count:
        part = link.recv(count - len(data))
        if not part:
            raise ConnectionError(f"closed after {len(data)} of {count} bytes")
        data += part
    return data


def challenge(link):
    """The version and the names in the server's NTLM challenge (MS-NLMP 2.2.1.2)."""
    link.sendall(ts_request(NTLM_NEGOTIATE))
    data = link.recv(65536)
    start = data.index(b"NTLMSSP\0\x02")
    message = data[start:]
    major, minor, build = struct.unpack_from("<BBH", message, 48)
    length, offset = struct.unpack_from("<H2xI", message, 40)
    pairs, names = message[offset : offset + length], {}
    while len(pairs) >= 4:
        kind, size = struct.unpack_from("<HH", pairs)
        if kind == 0:
            break
        names[kind] = pairs[4 : 4 + size]
        pairs = pairs[4 + size :]
    text = {k: v.decode("utf-16-le") for k, v in names.items() if k in (1, 2, 3, 4, 5)}
    return {"build": f"{major}.{minor}.{build}", "computer": text.get(1), "domain": text.get(2), "dns_computer": text.get(3)}


def knock(address, port=3389, timeout=5.0):
    """Negotiates, shakes hands at any version and strength, asks for the NTLM challenge, and tells what was seen."""
    seen = {"selected": None, "version": None, "cipher": None, "sha1": None, "ntlm": None}
    with socket.create_connection((address, port), timeout=timeout) as plain:
        plain.sendall(REQUEST)
        header = read_exactly(plain, 4)
        body = read_exactly(plain, struct.unpack(">H", header[2:])[0] - 4)
        if len(body) < 15:
            seen["selected"] = "none"
            return seen
        kind, value = body[7], struct.unpack_from("<I", body, 11)[0]
        seen["selected"] = SELECTED.get(value) if kind == 2 else f"failure {value}"
        if kind != 2 or value == 0:
            return seen
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            # The old versions are asked for on purpose.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
        with context.wrap_socket(plain) as link:
            seen["version"] = link.version().removeprefix("TLSv")
            seen["version"] += "" if "." in seen["version"] else ".0"
            seen["cipher"] = link.cipher()[0]
            seen["sha1"] = hashlib.sha1(link.getpeercert(binary_form=True)).hexdigest()
            if value in (2, 8):
                seen["ntlm"] = challenge(link)
    return seen


if __name__ == "__main__":
    print(knock(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3389))
