"""Certificates for the real servers, made with the openssl command line.

`openssl ca` is used even for self-signed ones, since it alone takes both ends of the validity as dates (openssl 3.0 has no
-not_before), and SECLEVEL=0 is set so that it still signs with SHA-1 over 1024 bits.
"""

import datetime
import functools
import pathlib
import subprocess

CA_CONFIG = """\
openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = system
[system]
CipherString = DEFAULT@SECLEVEL=0
[ca]
default_ca = lab
[lab]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
policy = any
unique_subject = no
email_in_dn = no
[any]
commonName = supplied
[req]
distinguished_name = req_dn
prompt = no
[req_dn]
commonName = {common_name}
[leaf]
basicConstraints = CA:FALSE
keyUsage = digitalSignature, keyEncipherment
{usage}
{san}
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
"""


def openssl(*arguments):
    """Runs openssl and gives back what it printed; its complaint becomes the error."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout


def stamp(days):
    """A date so many days from now, in the form that `openssl ca` takes."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return moment.strftime("%Y%m%d%H%M%SZ")


def make(folder, *, common_name, key="rsa:2048", digest="sha256", days=(-1, 365), san=(), usage=None, issuer=None, authority=False):
    """Makes `folder`/key.pem and cert.pem: self-signed, or signed by the certificate in the folder `issuer`."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    kind, size = key.split(":")
    options = ["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{size}"]
    if kind == "ec":
        options = ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{size}", "-pkeyopt", "ec_param_enc:named_curve"]
    openssl("genpkey", *options, "-out", folder / "key.pem")

    (folder / "index.txt").touch()
    # A random serial, so that two certificates of one issuer never share theirs.
    (folder / "serial").write_text(openssl("rand", "-hex", "8").strip() + "\n")
    names = ", ".join(f"DNS:{name}" for name in san)
    config = folder / "openssl.cnf"
    config.write_text(
        CA_CONFIG.format(
            folder=folder, common_name=common_name, san=f"subjectAltName = {names}" if names else "",
            usage=f"extendedKeyUsage = {usage}" if usage else "",
        )
    )  # fmt: skip
    openssl("req", "-new", "-config", config, "-key", folder / "key.pem", "-out", folder / "request.pem")
    signer = pathlib.Path(issuer) if issuer else folder
    signing = ["-keyfile", signer / "key.pem"]
    signing += ["-cert", signer / "cert.pem"] if issuer else ["-selfsign"]
    openssl(
        "ca", "-batch", "-notext", "-config", config, "-md", digest, "-in", folder / "request.pem",
        "-out", folder / "cert.pem", "-startdate", stamp(days[0]), "-enddate", stamp(days[1]),
        "-extensions", "authority" if authority else "leaf", *signing,
    )  # fmt: skip
    (folder / "chain.pem").write_text((folder / "cert.pem").read_text())


def make_all(folder, wanted):
    """Makes every certificate of the `[certificate.*]` tables; issuers must stand before those whom they sign."""
    folder = pathlib.Path(folder)
    for name, table in wanted.items():
        table = dict(table)
        sends = table.pop("sends", None)
        issuer = table.pop("issuer", None)
        make(folder / name, issuer=folder / issuer if issuer else None, **table)
        if sends:
            chain = "".join((folder / part / "cert.pem").read_text() for part in sends)
            (folder / name / "chain.pem").write_text(chain)


@functools.cache
def truth(folder):
    """What openssl itself says of the certificate in `folder`: the judge of what the scanner must say."""
    path = pathlib.Path(folder) / "cert.pem"
    ends = openssl("x509", "-in", path, "-noout", "-startdate", "-enddate", "-dateopt", "iso_8601").splitlines()
    dates = dict(line.split("=", 1) for line in ends)
    prints = {}
    for digest in ("sha1", "sha256"):
        line = openssl("x509", "-in", path, "-noout", "-fingerprint", f"-{digest}").strip()
        prints[digest] = line.split("=", 1)[1].replace(":", "").lower()
    return {"not_before": dates["notBefore"], "not_after": dates["notAfter"], **prints}
