"""The demo company "Larkfield Outfitters": namespaces, accounts, pods, a mesh and a gateway."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from egress.sandbox import demo_mesh
from egress.sandbox.bootstrap import install
from egress.sandbox.controllers import Controllers
from egress.sandbox.kinds import NAMESPACE, SERVICE_ACCOUNT, SERVICE_ENTRY, kind_named
from egress.sandbox.options import WriteOptions
from egress.sandbox.rbac import CLUSTER_ROLE, ROLE_BINDING
from egress.sandbox.store import Store
from egress.sandbox.targets import Object, Target, Writer
from egress.sandbox.writes import create, rewritten

OWNER_LABEL = "egress-portal.io/owner"
INJECTED = {"istio-injection": "enabled"}
ISTIO_VERSION = "1.30.2"
PROXY_IMAGE = f"docker.io/istio/proxyv2:{ISTIO_VERSION}"
DEPLOYER = "deployer"
"""The role that lets a team deploy in its namespaces."""
OPERATOR = Writer("admin", "kubectl-client-side-apply", "create")
KUBELET = Writer("system:node:demo-node", "kubelet", "update")
POD = kind_named("", "Pod")
SERVICE = kind_named("", "Service")
CONFIG_MAP = kind_named("", "ConfigMap")
DEPLOYMENT = kind_named("apps", "Deployment")


@dataclass(frozen=True)
class Workload:
    """Pods of one program: `app` names them, `account` is what they run as."""

    app: str
    account: str
    opted_out: bool = False


@dataclass(frozen=True)
class Team:
    """A namespace of the company: who owns it, its labels, what runs in it."""

    namespace: str
    owner: str
    labels: dict[str, str]
    accounts: tuple[str, ...] = ()
    workloads: tuple[Workload, ...] = ()

    @property
    def is_injected(self) -> bool:
        """Tell whether pods get Istio's proxy."""
        return bool(self.labels)


COMPANY = (
    Team(
        "shop",
        "team-shop",
        INJECTED,
        ("web", "checkout"),
        (Workload("storefront", "web"), Workload("checkout", "checkout")),
    ),
    Team(
        "payments",
        "team-payments",
        INJECTED,
        ("api", "settlement"),
        (Workload("payments-api", "api"), Workload("settlement", "settlement")),
    ),
    Team(
        "data",
        "team-data",
        INJECTED,
        ("etl", "reporting"),
        (Workload("etl", "etl"), Workload("reporting", "reporting")),
    ),
    Team(
        "search",
        "team-shop",
        {"istio.io/rev": "default"},
        ("indexer",),
        (Workload("indexer", "indexer"),),
    ),
    Team(
        "marketing",
        "team-marketing",
        INJECTED,
        ("newsletter",),
        (
            Workload("newsletter", "newsletter"),
            Workload("campaign-import", "newsletter", opted_out=True),
        ),
    ),
    Team("legacy", "team-shop", {}, ("batch",), (Workload("nightly-batch", "batch"),)),
    Team(
        "otherns",
        "team-data",
        INJECTED,
        ("sleep-yahoo", "billing"),
        (Workload("sleep-yahoo", "sleep-yahoo"), Workload("billing", "billing")),
    ),
    Team("monitoring", "platform", {}, ("prometheus",), (Workload("prometheus", "prometheus"),)),
    Team("istio-system", "platform", {}, ("istiod",), (Workload("istiod", "istiod"),)),
    Team("istio-egress", "platform", INJECTED, ("egressgateway",)),
)
SFTP_PARTNER: Object = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "ServiceEntry",
    "metadata": {"name": "sftp-partner", "namespace": "data", "labels": {"team": "data"}},
    "spec": {
        "hosts": ["sftp.partner-logistics.example"],
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "exportTo": ["."],
        "ports": [{"number": 22, "name": "tcp-sftp", "protocol": "TCP"}],
    },
}


def seed(store: Store) -> None:
    """Fill an empty store with the demo company."""
    install(store)
    for team in COMPANY:
        labels = team.labels | {OWNER_LABEL: team.owner}
        body = {"metadata": {"name": team.namespace, "labels": labels}}
        _make(store, Target(NAMESPACE), body)
    followers = Controllers(store)
    followers.settle()
    for team in COMPANY:
        for account in team.accounts:
            target = Target(SERVICE_ACCOUNT, team.namespace)
            _make(store, target, {"metadata": {"name": account}})
        for number, workload in enumerate(team.workloads):
            _pod(store, team, workload, number)
    _deploy(store, "istio-system", demo_mesh.istiod(ISTIO_VERSION))
    _make(store, Target(CONFIG_MAP, "istio-system"), demo_mesh.mesh_config())
    _bind_teams(store)
    _gateway(store)
    _make(store, Target(SERVICE_ENTRY, "data"), SFTP_PARTNER)
    followers.settle()
    followers.stop()


def _make(store: Store, target: Target, body: Object) -> Object:
    return create(store, target, body, WriteOptions(), OPERATOR).obj


def _bind_teams(store: Store) -> None:
    """Let the members of each team deploy in its namespaces, as an operator would."""
    rule = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["*"]}
    _make(store, Target(CLUSTER_ROLE), {"metadata": {"name": DEPLOYER}, "rules": [rule]})
    for team in COMPANY:
        binding = {
            "metadata": {"name": DEPLOYER},
            "subjects": [{"kind": "Group", "name": team.owner}],
            "roleRef": {"kind": "ClusterRole", "name": DEPLOYER},
        }
        _make(store, Target(ROLE_BINDING, team.namespace), binding)


def _gateway(store: Store) -> None:
    namespace = "istio-egress"
    _make(store, Target(SERVICE, namespace), demo_mesh.gateway_service())
    _deploy(store, namespace, demo_mesh.gateway_deployment(PROXY_IMAGE))
    for number in range(2):
        name = f"egressgateway-{_suffix('gateway')}-{_suffix(f'gateway-{number}')[:5]}"
        spec = demo_mesh.gateway_pod_spec(PROXY_IMAGE)
        _running(store, namespace, name, demo_mesh.GATEWAY_LABELS, spec)


def _deploy(store: Store, namespace: str, deployment: Object) -> None:
    _make(store, Target(DEPLOYMENT, namespace), deployment)
    count = deployment["spec"]["replicas"]
    names = ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas")
    status = dict.fromkeys(names, count) | {"observedGeneration": 1}
    _report(store, Target(DEPLOYMENT, namespace, deployment["metadata"]["name"], "status"), status)


def _report(store: Store, target: Target, status: Object) -> None:
    record = store.get(target.kind, target.namespace, target.name)
    if record is None:
        raise LookupError(f'"{target.namespace}/{target.name}" was not stored.')
    rewritten(store, target, record, record.obj | {"status": status}, WriteOptions(), KUBELET)


def _suffix(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:9]


def _pod(store: Store, team: Team, workload: Workload, number: int) -> None:
    labels = {"app": workload.app}
    if workload.opted_out:
        labels["sidecar.istio.io/inject"] = "false"
    containers = [{"name": workload.app, "image": f"registry.larkfield.example/{workload.app}:1.4"}]
    if team.is_injected and not workload.opted_out:
        containers.append({"name": "istio-proxy", "image": PROXY_IMAGE})
    seed_text = f"{team.namespace}/{workload.app}/{number}"
    name = f"{workload.app}-{_suffix(workload.app)}-{_suffix(seed_text)[:5]}"
    spec = {"serviceAccountName": workload.account, "containers": containers}
    _running(store, team.namespace, name, labels, spec)


def _running(store: Store, namespace: str, name: str, labels: dict[str, str], spec: Object) -> None:
    body = {"metadata": {"name": name, "labels": labels}, "spec": spec}
    _make(store, Target(POD, namespace), body)
    address = int(hashlib.sha256(name.encode()).hexdigest()[:4], 16)
    status: dict[str, Any] = {
        "phase": "Running",
        "podIP": f"10.244.{address // 256}.{address % 256}",
        "startTime": store.now(),
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": True,
                "restartCount": 0,
            }
            for container in spec["containers"]
        ],
    }
    _report(store, Target(POD, namespace, name, "status"), status)
