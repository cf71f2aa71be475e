"""The demo company's cluster in this process, bootstrapped as an operator does it."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from egress.cluster import kinds
from egress.cluster.bootstrap import FIELD_MANAGER, lay_down
from egress.cluster.gateway import Kind
from egress.cluster.in_process import InProcessTransport
from egress.cluster.inventory import read_inventory
from egress.cluster.kube import KubeGateway
from egress.cluster.snapshot import read_snapshot
from egress.domain.access import ClusterProfile, Enforcement, Inventory
from egress.domain.bootstrap.objects import (
    MAY_BE_FOREIGN,
    Plan,
    binding_objects,
    bootstrap_objects,
)
from egress.domain.posture import Level, Row, evaluate
from egress.sandbox import demo
from egress.sandbox.api import SandboxApi
from egress.sandbox.messages import Request
from egress.sandbox.store import Store
from egress.sandbox.users import ADMIN, NOBODY, PORTAL, Users
from tests.cluster.sandboxes import ADMIN_TOKEN, NOBODY_TOKEN, PORTAL_TOKEN, Cluster

PROFILE = ClusterProfile("test", Enforcement.GATEWAY, istio_version=demo.ISTIO_VERSION)
PORTAL_NAME = PORTAL.name
ISTIOD = "system:serviceaccount:istio-system:istiod"


@dataclass
class Company:
    """The cluster, `operator` as bootstrap reaches it, and what the portal believes of it."""

    cluster: Cluster
    operator: KubeGateway
    profile: ClusterProfile = PROFILE
    enforcements: dict[str, Enforcement] = field(default_factory=dict)
    default_deny: set[str] = field(default_factory=set)

    @property
    def plan(self) -> Plan:
        """What bootstrap lays down here."""
        used = frozenset({self.profile.enforcement, *self.enforcements.values()})
        name = "egressgateway"
        return Plan(self.profile, used, PORTAL_NAME, (ISTIOD,), installed=frozenset({name}))

    def bootstrap(self) -> None:
        """Lay down what the enforcement needs."""
        laid = lay_down(
            self.operator,
            [*bootstrap_objects(self.plan), *binding_objects(self.plan)],
            may_be_foreign=MAY_BE_FOREIGN,
        )
        assert not [one for one in laid if one.outcome in ("failed", "foreign")], laid

    def inventory(self) -> Inventory:
        """Return the inventory, with the decisions on namespaces."""
        seen = read_inventory(self.cluster.gateway).inventory()
        found = {
            name: replace(
                facts,
                enforcement=self.enforcements.get(name),
                default_deny=name in self.default_deny,
            )
            for name, facts in seen.namespaces.items()
        }
        return replace(seen, namespaces=found)

    def rows(
        self,
        hosts: Mapping[str, Collection[str]] | None = None,
        *,
        namespaces: Collection[str] = ("shop", "payments"),
        ours: Collection[str] = (),
        gateway: Any = None,
        **more: Any,
    ) -> list[Row]:
        """Return the posture as it is now."""
        return evaluate(
            read_snapshot(gateway or self.cluster.gateway),
            self.profile,
            self.inventory(),
            ours=ours,
            hosts={"api.example.com": ["shop"]} if hosts is None else hosts,
            namespaces=namespaces,
            **more,
        )

    def found(self, check: str, **more: Any) -> list[Row]:
        """Return the rows of one check that are not green."""
        return [r for r in self.rows(**more) if r.id == check and r.level is not Level.OK]

    def find_one(self, check: str, **more: Any) -> Row:
        """Return the only row of one check that is not green."""
        (row,) = self.found(check, **more)
        return row

    def plant(self, kind: str, namespace: str, name: str, **rest: Any) -> dict[str, Any]:
        """Let somebody else create an object; `rest` are its top-level fields."""
        known = next(
            one for one in kinds.ALL_KINDS if one.kind == kind and one is not kinds.K8S_GATEWAY
        )
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        metadata |= rest.pop("metadata", {})
        body = {"apiVersion": known.api_version, "kind": kind, "metadata": metadata, **rest}
        return self.cluster.put(body)

    def change(self, kind: Kind, namespace: str, name: str, change: dict[str, Any]) -> None:
        """Let somebody else change an object that is there."""
        live = self.cluster.gateway.get(kind, namespace, name)
        assert live is not None
        self.cluster.patch(live, change)

    def remove(self, kind: Kind, namespace: str, name: str) -> None:
        """Let somebody else delete an object that is there."""
        live = self.cluster.gateway.get(kind, namespace, name)
        assert live is not None
        self.cluster.remove(live)

    def configure_mesh(self, text: str) -> None:
        """Replace the mesh configuration."""
        self.change(kinds.CONFIG_MAP, "istio-system", "istio", {"data": {"mesh": text}})

    def set_istiod(self, image: str = "", **flags: str) -> None:
        """Let istiod run another image, or with other settings."""
        live = self.cluster.gateway.get(kinds.DEPLOYMENT, "istio-system", "istiod")
        assert live is not None
        container = live["spec"]["template"]["spec"]["containers"][0]
        kept = [one for one in container["env"] if one["name"] not in flags]
        container["env"] = kept + [{"name": name, "value": flags[name]} for name in flags]
        container["image"] = image or container["image"]
        self.cluster.patch(live, {"spec": {"template": live["spec"]["template"]}})


@contextmanager
def company_in_process(*, bootstrapped: bool = True) -> Iterator[Company]:
    """Run the demo company's cluster without sockets."""
    store = Store(None)
    demo.seed(store)
    users = Users({ADMIN_TOKEN: ADMIN, PORTAL_TOKEN: PORTAL, NOBODY_TOKEN: NOBODY})
    api = SandboxApi(store, users)

    def transport(token: str) -> InProcessTransport:
        return InProcessTransport(api.handle, Request.of, token=token)

    company = Company(
        Cluster(
            KubeGateway(transport(PORTAL_TOKEN), timeout=10),
            transport(ADMIN_TOKEN),
            KubeGateway(transport(NOBODY_TOKEN), timeout=10),
        ),
        KubeGateway(transport(ADMIN_TOKEN), field_manager=FIELD_MANAGER, timeout=10),
    )
    try:
        if bootstrapped:
            company.bootstrap()
        yield company
    finally:
        store.close()
