"""Check certificates, keys and tokens, and hand them to OpenSSL without leaving files behind."""

import base64
import binascii
import os
import re
import ssl
from typing import NoReturn

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from egress.cluster.errors import ClusterError, Fault

MAX_FILE_BYTES = 128 * 1024
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")


def check_token(token: str) -> str:
    """Return a bearer token that can stand in a header, or refuse it."""
    if token and not _TOKEN.fullmatch(token):
        _refuse("The token of the kubeconfig has characters that no token has.")
    return token


def decode_pem(field: str, data: str) -> str:
    """Return the text inside a base64 field of a kubeconfig."""
    try:
        return base64.b64decode("".join(data.split()), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        _refuse(f'The field "{field}" of the kubeconfig is not base64 of PEM text.')


def encode_pem(text: str) -> str:
    """Return the base64 form in which a kubeconfig embeds PEM text."""
    return base64.b64encode(text.encode("ascii")).decode("ascii")


def check_ca_certificates(pem: str) -> str:
    """Return CA certificates that OpenSSL accepts; empty means the system's own."""
    if not pem:
        return pem
    if "PRIVATE KEY" in pem:
        _refuse("The CA certificate of the kubeconfig holds a private key. Remove the key.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        _refuse("The CA certificate of the kubeconfig cannot be read.")
    return pem


def check_client_pair(certificate: str, key: str) -> None:
    """Refuse a client certificate without its key, or with another one's."""
    if not certificate and not key:
        return
    if not certificate or not key:
        _refuse("The kubeconfig must hold both the client certificate and its key, or neither.")
    if "ENCRYPTED" in key:
        _refuse("The client key of the kubeconfig is encrypted. Use one without a passphrase.")
    try:
        public = x509.load_pem_x509_certificates(certificate.encode())[0].public_key()
        matches = load_pem_private_key(key.encode(), password=None).public_key() == public
    except Exception:
        # Whatever the parser stumbled over, its words may quote the key.
        _refuse("The client certificate or key of the kubeconfig cannot be read.")
    if not matches:
        _refuse("The client key of the kubeconfig does not belong to the client certificate.")


def read_allowed_file(field: str, path: str) -> str:
    """Return the text of a file that an operator allowed the kubeconfig to name."""
    try:
        if not os.path.isabs(path):
            _refuse(f'The file in "{field}" of the kubeconfig must have an absolute path.')
        with open(path, encoding="ascii") as file:
            return file.read(MAX_FILE_BYTES)
    except (OSError, ValueError):
        _refuse(f'The file in "{field}" of the kubeconfig cannot be read.')


def client_context(
    ca_certificates: str, client_certificate: str = "", client_key: str = ""
) -> ssl.SSLContext:
    """Return a TLS context that verifies the server and shows the client certificate.

    OpenSSL takes keys from files only, so they go through an anonymous file in memory that has
    no name, no reader and no life after the call. Raises ClusterError(CREDENTIALS).
    """
    context = ssl.create_default_context(cadata=ca_certificates or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if client_certificate:
        descriptor = os.memfd_create("egress-client-key", os.MFD_CLOEXEC)
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write(f"{client_certificate}\n{client_key}".encode("ascii"))
            context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=_no_passphrase)
        except (OSError, ssl.SSLError):
            _refuse("The client certificate of the cluster's credentials cannot be used.")
        finally:
            os.close(descriptor)
    return context


def _no_passphrase() -> bytes:
    # Without this, OpenSSL asks for a passphrase on the terminal and waits for ever.
    return b"-"


def _refuse(sentence: str) -> NoReturn:
    raise ClusterError(sentence, Fault.CREDENTIALS) from None
