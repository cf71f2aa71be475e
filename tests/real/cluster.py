"""A real API server with Istio's kinds, started for a test and thrown away afterwards."""

import base64
import os
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.real import assets
from tests.servers import free_port, wait_until

CRDS = Path(os.environ.get("EGRESS_CRDS", assets.ROOT / "../shared/istio"))
_TOKEN = "the-operator-of-a-test-cluster"


@dataclass(frozen=True)
class RealCluster:
    """A running API server, reached as its administrator by `kubeconfig`."""

    folder: Path
    server: str
    certificate: bytes

    @property
    def kubeconfig(self) -> Path:
        """Return the administrator's kubeconfig."""
        return self.folder / "operator.kubeconfig"

    def kubectl(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run kubectl as the administrator; the caller looks at what came of it."""
        return subprocess.run(
            ["kubectl", "--kubeconfig", str(self.kubeconfig), *arguments],
            input=text,
            text=True,
            capture_output=True,
            check=False,
        )

    def apply(self, text: str, *, manager: str = "kubectl") -> None:
        """Apply YAML server-side. Raises AssertionError when something is refused."""
        options = ("--server-side", "--field-manager", manager)
        done = self.kubectl("apply", *options, "-f", "-", text=text)
        assert done.returncode == 0, done.stderr

    def kubeconfig_of(self, namespace: str, account: str) -> Path:
        """Write a kubeconfig with a new token of a service account, and return its path."""
        token = self.kubectl("create", "token", account, "-n", namespace).stdout.strip()
        assert token, f"no token for {namespace}/{account}"
        path = self.folder / f"{namespace}-{account}.kubeconfig"
        path.write_text(self._kubeconfig(token), encoding="utf-8")
        return path

    def _kubeconfig(self, token: str) -> str:
        authority = base64.b64encode(self.certificate).decode()
        cluster = {"server": self.server, "certificate-authority-data": authority}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "real", "cluster": cluster}],
            "users": [{"name": "user", "user": {"token": token}}],
            "contexts": [{"name": "real", "context": {"cluster": "real", "user": "user"}}],
            "current-context": "real",
        }
        return yaml.safe_dump(config)

    def write_kubeconfig(self) -> None:
        """Write the administrator's kubeconfig."""
        self.kubeconfig.write_text(self._kubeconfig(_TOKEN), encoding="utf-8")


@contextmanager
def real_cluster(folder: Path) -> Iterator[RealCluster]:
    """Yield an API server that serves Istio's and the Gateway API's kinds. No controllers run."""
    client, peer, port = free_port(), free_port(), free_port()
    _write_keys(folder)
    flags = {
        "etcd": _etcd_flags(folder, client, peer),
        "kube-apiserver": _server_flags(folder, client, port),
    }
    running: list[subprocess.Popen[bytes]] = []
    try:
        for name, own in flags.items():
            with (folder / f"{name}.log").open("wb") as log:
                command = [str(assets.folder() / name), *own]
                running.append(subprocess.Popen(command, stdout=log, stderr=log))
        server = f"https://127.0.0.1:{port}"
        wait_until("the API server is ready", lambda: _is_ready(server), seconds=90)
        made = RealCluster(folder, server, (folder / "certs" / "apiserver.crt").read_bytes())
        made.write_kubeconfig()
        _install_kinds(made)
        yield made
    finally:
        for process in reversed(running):
            process.kill()
            process.wait(20)


def _install_kinds(cluster: RealCluster) -> None:
    files = [argument for path in sorted(CRDS.glob("*.yaml")) for argument in ("-f", str(path))]
    done = cluster.kubectl("apply", "--server-side", *files)
    assert done.returncode == 0, done.stderr
    waited = cluster.kubectl("wait", "--for=condition=Established", "crd", "--all")
    assert waited.returncode == 0, waited.stderr
    names = cluster.kubectl("get", "crd", "-o", "name").stdout.split()
    kinds = ",".join(name.rpartition("/")[2] for name in names)
    # Until a new kind's storage is ready its lists answer 429.
    wait_until("all kinds are served", lambda: cluster.kubectl("get", kinds, "-A").returncode == 0)


def _write_keys(folder: Path) -> None:
    (folder / "tokens.csv").write_text(f'{_TOKEN},operator,operator,"system:masters"\n')
    for command in (
        ["openssl", "genrsa", "-out", "sa.key", "2048"],
        ["openssl", "rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub"],
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _etcd_flags(folder: Path, client: int, peer: int) -> list[str]:
    clients, peers = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        f"--data-dir={folder / 'etcd-data'}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",
    ]


def _server_flags(folder: Path, client: int, port: int) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{client}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certs'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        f"--service-account-key-file={folder / 'sa.pub'}",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=RBAC",
        # No controller makes the default accounts that this one waits for.
        "--disable-admission-plugins=ServiceAccount",
    ]


def _is_ready(server: str) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    request = urllib.request.Request(f"{server}/readyz")
    request.add_header("Authorization", f"Bearer {_TOKEN}")
    try:
        with urllib.request.urlopen(request, timeout=2, context=context) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
