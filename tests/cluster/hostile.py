"""Kubeconfigs that try to run, read, mislead or leak, and what they must be told."""

import base64
from typing import Any

import yaml

from tests.cluster.certificates import authority

CANARY = "CANARY-7d1f"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def kubeconfig(
    cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None, **top: Any
) -> str:
    """Return a kubeconfig that is good but for what the arguments change."""
    good = {
        "server": "https://api.test:6443",
        "certificate-authority-data": b64(authority().certificate),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "main",
        "contexts": [{"name": "main", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {**good, **(cluster or {})}}],
        "users": [{"name": "u", "user": {"token": CANARY} if user is None else user}],
        **top,
    }
    return yaml.safe_dump(document)


CLIENT = authority().client
OTHER = authority("other").client
EXEC = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "command": "/bin/sh",
    "args": ["-c", f"touch /tmp/{CANARY}"],
}

HOSTILE: dict[str, tuple[str, str]] = {
    "exec": (kubeconfig(user={"exec": EXEC}), "runs a program"),
    "exec beside a token": (kubeconfig(user={"token": CANARY, "exec": EXEC}), "runs a program"),
    "exec as text": (kubeconfig(user={"exec": "/bin/sh"}), "runs a program"),
    "auth-provider": (
        kubeconfig(user={"auth-provider": {"name": "gcp", "config": {"cmd-path": "/bin/sh"}}}),
        "auth-provider",
    ),
    "certificate-authority": (
        kubeconfig({"certificate-authority": "/etc/passwd", "certificate-authority-data": ""}),
        "refers to a file",
    ),
    "client-certificate": (
        kubeconfig(user={"client-certificate": "/etc/passwd", "client-key-data": b64(CLIENT.key)}),
        "refers to a file",
    ),
    "client-key": (
        kubeconfig(
            user={
                "client-certificate-data": b64(CLIENT.certificate),
                "client-key": "/root/.ssh/id_rsa",
            }
        ),
        "refers to a file",
    ),
    "tokenFile": (kubeconfig(user={"tokenFile": "/proc/self/environ"}), "refers to a file"),
    "tokenFile beside a token": (
        kubeconfig(user={"token": CANARY, "tokenFile": "/proc/self/environ"}),
        "refers to a file",
    ),
    "skip TLS": (kubeconfig({"insecure-skip-tls-verify": True}), "insecure-skip-tls-verify"),
    "skip TLS in words": (
        kubeconfig({"insecure-skip-tls-verify": "yes"}),
        "insecure-skip-tls-verify",
    ),
    "http": (kubeconfig({"server": "http://api.test:6443"}), "must start with https"),
    "file URL": (kubeconfig({"server": "file:///etc/passwd"}), "not the address"),
    "unix socket": (kubeconfig({"server": "unix://run/docker.sock"}), "must start with https"),
    "password in the URL": (
        kubeconfig({"server": f"https://root:{CANARY}@api.test"}),
        "not the address",
    ),
    "loopback look-alike": (
        kubeconfig({"server": "http://127.0.0.1.evil.test"}),
        "must start with https",
    ),
    "query in the URL": (kubeconfig({"server": f"https://api.test/?x={CANARY}"}), "not the addr"),
    "line break in the URL": (
        kubeconfig({"server": "https://api.test/\r\nHost: evil.test"}),
        "not the address",
    ),
    "path that climbs": (kubeconfig({"server": "https://api.test/../../x"}), "port or path"),
    "metadata service": (kubeconfig({"server": "https://169.254.169.254"}), "no API server"),
    "impossible port": (kubeconfig({"server": "https://api.test:99999"}), "port or path"),
    "proxy": (kubeconfig({"proxy-url": "socks5://evil.test"}), "proxy-url"),
    "password": (kubeconfig(user={"username": "root", "password": CANARY}), "user name"),
    "impersonation": (kubeconfig(user={"token": CANARY, "as": "admin"}), "impersonates"),
    "impersonated groups": (
        kubeconfig(user={"token": CANARY, "as-groups": ["system:masters"]}),
        "impersonates",
    ),
    "unknown user field": (kubeconfig(user={CANARY: "x"}), "does not know"),
    "unknown cluster field": (kubeconfig({CANARY: "x"}), "does not know"),
    "no credentials": (kubeconfig(user={}), "no credentials"),
    "token with a header": (kubeconfig(user={"token": f"{CANARY}\r\nX: y"}), "characters"),
    "CA that is none": (
        kubeconfig({"certificate-authority-data": b64(CANARY)}),
        "cannot be read",
    ),
    "CA that is not base64": (
        kubeconfig({"certificate-authority-data": f"%{CANARY}"}),
        "not base64",
    ),
    "CA with a key in it": (
        kubeconfig({"certificate-authority-data": b64(authority().certificate + CLIENT.key)}),
        "private key",
    ),
    "certificate without key": (
        kubeconfig(user={"client-certificate-data": b64(CLIENT.certificate)}),
        "or neither",
    ),
    "key of another certificate": (
        kubeconfig(
            user={
                "client-certificate-data": b64(CLIENT.certificate),
                "client-key-data": b64(OTHER.key),
            }
        ),
        "does not belong",
    ),
    "key with a passphrase": (
        kubeconfig(
            user={
                "client-certificate-data": b64(CLIENT.certificate),
                "client-key-data": b64(CLIENT.encrypted_key),
            }
        ),
        "is encrypted",
    ),
    "python object": (f"!!python/object/apply:os.system ['touch /tmp/{CANARY}']", "YAML tags"),
    "billion laughs": (
        "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n",
        "anchors or aliases",
    ),
    "deep": ("[" * 5000, "nested deeper"),
    "huge": ("x: " + "a" * 300_000, "larger than"),
    "very many values": ("[" + "a," * 30_000 + "]", "more than"),
    "two documents": (kubeconfig() + "---\n" + kubeconfig(), "several YAML documents"),
    "broken YAML": (f"token: '{CANARY}\n  - [", "not valid YAML"),
    "binary": ("\x00\x01" + CANARY, "not valid YAML"),
    "a list": ("[a, b]", "not a kubeconfig"),
    "another kind": ("kind: Secret\ndata: {}", "not a kubeconfig"),
    "empty": ("", "not a kubeconfig"),
    "context that is not there": (
        kubeconfig().replace("current-context: main", "current-context: gone"),
        "no context",
    ),
    "context twice": (
        kubeconfig(
            contexts=[{"name": "main", "context": {"cluster": "c", "user": "u"}} for _ in "ab"],
        ),
        "exactly one entry",
    ),
    "cluster missing": (kubeconfig(clusters=[]), "exactly one entry"),
    "users as a map": (kubeconfig(users={"u": {"token": CANARY}}), "must be a list"),
    "token as a map": (kubeconfig(user={"token": {CANARY: "x"}}), "must be text"),
}
