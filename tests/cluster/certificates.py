"""A certificate authority for one test run, and the certificates it signs."""

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as PEM text."""

    certificate: str
    key: str
    encrypted_key: str


@dataclass(frozen=True)
class Authority:
    """A CA and what it signed."""

    certificate: str
    server: Identity
    client: Identity


@cache
def authority(name: str = "test") -> Authority:
    """Return a CA with a server certificate for 127.0.0.1 and a client certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"{name} ca")
    ca = _builder(subject, subject, key.public_key(), is_ca=True).sign(key, hashes.SHA256())
    return Authority(
        ca.public_bytes(Encoding.PEM).decode(),
        _signed("server", subject, key),
        _signed("portal", subject, key),
    )


def server_context(signed_by: Authority, *, demand_client: bool = False) -> ssl.SSLContext:
    """Return the TLS context of a server, with a certificate of `signed_by`."""
    import tempfile

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(signed_by.server.certificate + signed_by.server.key)
        file.flush()
        context.load_cert_chain(file.name)
    if demand_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=signed_by.certificate)
    return context


def _signed(name: str, issuer: x509.Name, ca_key: ec.EllipticCurvePrivateKey) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _builder(_name(name), issuer, key.public_key(), is_ca=False).sign(
        ca_key, hashes.SHA256()
    )
    return Identity(
        certificate.public_bytes(Encoding.PEM).decode(),
        _pem(key, NoEncryption()),
        _pem(key, BestAvailableEncryption(b"secret")),
    )


def _pem(
    key: ec.EllipticCurvePrivateKey, encryption: NoEncryption | BestAvailableEncryption
) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, *, is_ca: bool
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if is_ca:
        return builder
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("api.test")]
    return builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
