"""What it takes to log in to a cluster. Secrets never show in `repr`, `str` or messages."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from egress.cluster.errors import ClusterError, Fault

IN_CLUSTER_FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class ExecPlugin:
    """A command that prints an ExecCredential (client.authentication.k8s.io)."""

    api_version: str
    command: str
    arguments: tuple[str, ...] = field(default=(), repr=False)
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Credentials:
    """How to reach one cluster and as whom.

    `server` and `context` are fit for display. `kubeconfig` is the normalised text with the
    secrets in it: store it encrypted only; it is empty for in-cluster credentials. `token_file`
    is read again every minute, because Kubernetes rotates the tokens it mounts. Certificates
    and keys are PEM text.
    """

    server: str
    context: str
    method: str
    kubeconfig: str = field(default="", repr=False)
    ca_certificates: str = field(default="", repr=False)
    tls_server_name: str = ""
    token: str = field(default="", repr=False)
    token_file: str = field(default="", repr=False)
    client_certificate: str = field(default="", repr=False)
    client_key: str = field(default="", repr=False)
    exec_plugin: ExecPlugin | None = field(default=None, repr=False)


def in_cluster_credentials(
    environment: Mapping[str, str] = os.environ, folder: Path = IN_CLUSTER_FOLDER
) -> Credentials:
    """Return the credentials Kubernetes mounts into every pod.

    Raises ClusterError(CREDENTIALS) outside a pod, or without a mounted service account token.
    """
    host = environment.get("KUBERNETES_SERVICE_HOST", "")
    port = environment.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port:
        raise ClusterError(
            "The portal does not run inside a Kubernetes pod: KUBERNETES_SERVICE_HOST is not set. "
            "Connect the cluster with a kubeconfig instead.",
            Fault.CREDENTIALS,
        )
    try:
        ca_certificates = (folder / "ca.crt").read_text(encoding="ascii")
        has_token = bool((folder / "token").read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        ca_certificates, has_token = "", False
    if not ca_certificates or not has_token:
        raise ClusterError(
            f'No service account token and CA certificate in "{folder}". '
            "Let the pod mount its token (automountServiceAccountToken).",
            Fault.CREDENTIALS,
        )
    bracketed = f"[{host}]" if ":" in host else host
    return Credentials(
        server=f"https://{bracketed}:{port}",
        context="in-cluster",
        method="service account of the pod",
        ca_certificates=ca_certificates,
        token_file=str(folder / "token"),
    )
