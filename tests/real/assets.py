"""A real API server for tests: kube-apiserver and etcd, built from their published Go modules.

Where the binaries are there already, KUBEBUILDER_ASSETS names their folder, as for other
projects' test environments.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = "1.36.0"
ETCD = "3.6.5"
STAGING = (
    "api",
    "apiextensions-apiserver",
    "apimachinery",
    "apiserver",
    "cli-runtime",
    "client-go",
    "cloud-provider",
    "cluster-bootstrap",
    "code-generator",
    "component-base",
    "component-helpers",
    "controller-manager",
    "cri-api",
    "cri-client",
    "cri-streaming",
    "csi-translation-lib",
    "dynamic-resource-allocation",
    "endpointslice",
    "externaljwt",
    "kms",
    "kube-aggregator",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "kubelet",
    "metrics",
    "mount-utils",
    "pod-security-admission",
    "sample-apiserver",
    "streaming",
)
"""Modules that Kubernetes publishes under a version of their own."""
_SERVER = """package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() { os.Exit(cli.Run(app.NewAPIServerCommand())) }
"""
_ETCD = """package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
"""


def folder() -> Path:
    """Return where the two binaries are, or will be."""
    return Path(os.environ.get("KUBEBUILDER_ASSETS") or ROOT / "var" / "real")


def are_there() -> bool:
    """Tell whether both binaries can be run."""
    return all(os.access(folder() / name, os.X_OK) for name in ("kube-apiserver", "etcd"))


def build() -> None:
    """Build both with Go. Takes minutes, and a module proxy. Raises CalledProcessError."""
    version = "k8s.io/component-base/version"
    replaced = [
        f"k8s.io/{name}=k8s.io/{name}@v0.{KUBERNETES.partition('.')[2]}" for name in STAGING
    ]
    _build(
        "kube-apiserver",
        _SERVER,
        f"k8s.io/kubernetes@v{KUBERNETES}",
        replaced,
        f"-X {version}.gitVersion=v{KUBERNETES}",
    )
    _build("etcd", _ETCD, f"go.etcd.io/etcd/server/v3@v{ETCD}", [], "")


def _build(name: str, source: str, module: str, replaced: list[str], flags: str) -> None:
    place = folder() / "source" / name
    place.mkdir(parents=True, exist_ok=True)
    (place / "main.go").write_text(source, encoding="utf-8")
    if not (place / "go.mod").exists():
        _go(place, "mod", "init", f"real/{name}")
    for one in replaced:
        _go(place, "mod", "edit", f"-replace={one}")
    _go(place, "get", module)
    _go(place, "build", "-mod=mod", "-ldflags", flags, "-o", str(folder() / name), ".")


def _go(place: Path, *arguments: str) -> None:
    subprocess.run(["go", *arguments], cwd=place, check=True)


if __name__ == "__main__":
    if not are_there():
        print(f"Building Kubernetes {KUBERNETES} and etcd {ETCD} in {folder()} ...", flush=True)
        build()
    sys.exit(0 if are_there() else 1)
