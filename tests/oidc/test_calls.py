"""Calls to a provider: over TLS that is checked, to one address, and bounded in length."""

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from egress.services.sign_in import calls
from egress.services.sign_in.calls import ProviderSession, configuration_of, forget_configurations
from egress.services.sign_in.providers import provider_from
from tests.oidc.provider import Provider

WELL_KNOWN = "/.well-known/openid-configuration"


def certificate(folder: Path) -> Path:
    """Return a file with a key and its certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "provider")])
    now = datetime.datetime.now(datetime.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "provider.pem"
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret = key.private_bytes(serialization.Encoding.PEM, *form)
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def plain() -> Iterator[Provider]:
    """A provider without TLS."""
    forget_configurations()
    running = Provider()
    yield running
    running.stop()


def test_a_certificate_that_nobody_vouches_for_is_refused(
    plain: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    plain.server.socket = context.wrap_socket(plain.server.socket, server_side=True)
    address = plain.issuer.replace("http://", "https://") + WELL_KNOWN
    with ProviderSession() as session, pytest.raises(requests.exceptions.SSLError):
        session.get(address)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    with ProviderSession() as session:
        assert session.get(address).json()["issuer"] == plain.issuer


def test_a_provider_that_calls_itself_otherwise_is_not_believed(plain: Provider) -> None:
    other = provider_from(plain.settings(issuer=plain.issuer.replace("127.0.0.1", "localhost")))
    with ProviderSession() as session, pytest.raises(requests.RequestException):
        configuration_of(other, session)


def test_no_redirect_is_followed(plain: Provider) -> None:
    with ProviderSession() as session:
        away = session.get(f"{plain.issuer}/authorize?state=1&redirect_uri={plain.issuer}/keys")
    assert away.status_code == 302
    assert plain.calls == ["/authorize"]


def test_an_endless_answer_is_cut_off(plain: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_LARGEST", 10)
    with ProviderSession() as session, pytest.raises(requests.RequestException):
        session.get(plain.issuer + WELL_KNOWN)
