"""Small worlds in which something is about to happen: the beginnings of crash and freeze runs."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import yaml
from django.conf import settings
from django.utils import timezone

from egress.cluster.in_process import InProcessTransport
from egress.cluster.kube import KubeGateway
from egress.models import Cluster, Namespace, Person
from egress.sandbox.api import SandboxApi
from egress.sandbox.bootstrap import install
from egress.sandbox.controllers import INLINE
from egress.sandbox.demo_mesh import istiod, mesh_config
from egress.sandbox.messages import Request
from egress.sandbox.store import Store
from egress.services import bell, gateways, tokens
from egress.services.actor import Actor
from egress.services.credentials import seal
from tests import factories
from tests.cluster.sandboxes import ADMIN_TOKEN, PORTAL_TOKEN
from tests.cluster.sandboxes import Cluster as Sandbox
from tests.faults.copies import Snapshot, copy_database, database_name, use_database, users
from tests.faults.processes import Tell, forked
from tests.services.world import TEAM, World, foreign_entry

NAMESPACES = ("shop", "data")
FOREIGN = "sftp-partner"
"""A ServiceEntry that somebody else wrote, in `data`."""
QUICK_PASSWORDS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def nothing(_: World) -> None:
    """Change nothing."""


@dataclass(frozen=True)
class Call:
    """One call of the portal's API. `{0}` in a path is the id in the answer of the first call."""

    person: str
    path: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """What was so before, what people then did, and what the processes do about it.

    `before` is carried out in the cluster; `change` is only decided. `steps` is what a worker
    does: `sync` the inventory, look at the `posture`, `sweep`. `calls` are made by a web process
    instead, in order. `away` tells that the cluster cannot be reached at first. `may_stay` are
    reasons for which a slice may stay due for good. `searched` tells that nothing is settled
    before the cluster was searched for drift once more, `rung` that the worker which dies hears
    of the change by a message alone.
    """

    name: str
    change: Callable[[World], None] = nothing
    before: Callable[[World], None] = nothing
    enforcement: str = "sidecar"
    central: bool = False
    denied: bool = True
    steps: tuple[str, ...] = ("sweep",)
    calls: Sequence[Call] = ()
    away: bool = False
    may_stay: frozenset[str] = frozenset()
    searched: bool = False
    rung: bool = False


@dataclass(frozen=True)
class Stage:
    """A scene that is set: the database and the cluster right before it begins."""

    scene: Scene
    database: str
    snapshot: Snapshot
    tokens: dict[str, str]


def set_stage(scene: Scene, folder: Path, database: str, server: str) -> Stage:
    """Set a scene in a process of its own. `server` is where its cluster will be reached."""
    source = database_name()
    copy_database(source, database)
    path = folder / f"{scene.name}.snapshot"

    def work(tell: Tell) -> None:
        use_database(database)
        tell({"tokens": _set(scene, path, server)})

    with forked(work, folder / f"{scene.name}.setting") as child:
        if not child.wait(60) or child.status:
            raise RuntimeError(f"The scene {scene.name} could not be set: {child.said()[-1:]}")
        made = child.said()[0]["tokens"]
    return Stage(scene, database, Snapshot.load(path), made)


def _set(scene: Scene, path: Path, server: str) -> dict[str, str]:
    settings.PASSWORD_HASHERS = QUICK_PASSWORDS
    store = Store(None)
    install(store)
    api = SandboxApi(store, users(), controllers=INLINE)

    def transport(token: str) -> InProcessTransport:
        return InProcessTransport(api.handle, Request.of, token=token)

    gateway = KubeGateway(transport(PORTAL_TOKEN), timeout=10)
    sandbox = Sandbox(gateway, transport(ADMIN_TOKEN), settle=api.settle)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(gateways, "dial", return_value=gateway))
        stack.enter_context(mock.patch.object(bell, "ring"))
        world = _company(sandbox, server)
        if scene.enforcement != "sidecar" or scene.central:
            world.enforce(scene.enforcement, central_entries=scene.central)
        world.know_dns_capture()
        if scene.denied and scene.enforcement != "ambient":
            for name in NAMESPACES:
                world.deny_by_default(name)
        scene.before(world)
        world.settle(2)
        scene.change(world)
        Cluster.objects.update(swept_at=None)
        made = _tokens()
    Snapshot.of(store).save(path)
    return made


def _company(sandbox: Sandbox, server: str) -> World:
    for name in NAMESPACES:
        sandbox.namespace(name, {"istio-injection": "enabled", "egress-portal.io/owner": TEAM})
        sandbox.account(name, "web")
    sandbox.namespace("istio-system")
    _put(sandbox, "/apis/apps/v1", "deployments", istiod("1.30.0"))
    _put(sandbox, "/api/v1", "configmaps", mesh_config())
    sandbox.put(foreign_entry(FOREIGN, "sftp.partner.example", "data"))
    cluster = factories.cluster(
        "sandbox",
        uid=sandbox.gateway.identity().uid,
        credentials=seal(kubeconfig(server)),
        inventory_at=None,
        istio_version="1.30.0",
    )
    cluster.refresh_from_db()
    world = World(
        cluster, sandbox, factories.admin("adam"), factories.person("dana", teams=[TEAM]), []
    )
    factories.approver("alice")
    world.sync()
    Cluster.objects.update(swept_at=timezone.now())
    Namespace.objects.update(enforcement="")
    return world


def _put(sandbox: Sandbox, group: str, plural: str, obj: dict[str, Any]) -> None:
    path = f"{group}/namespaces/istio-system/{plural}"
    sandbox.call("POST", path, {"fieldManager": "helm"}, obj)


def kubeconfig(server: str) -> str:
    """Return the portal's kubeconfig for a sandbox without TLS on this machine."""
    return str(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "sandbox", "cluster": {"server": server}}],
                "users": [{"name": "portal", "user": {"token": PORTAL_TOKEN}}],
                "contexts": [
                    {"name": "sandbox", "context": {"cluster": "sandbox", "user": "portal"}}
                ],
                "current-context": "sandbox",
            }
        )
    )


def _tokens() -> dict[str, str]:
    made = {}
    for name in ("dana", "alice", "adam"):
        person = Person.objects.get(username=name)
        _, made[name] = tokens.create(
            owner=person,
            name="test",
            scopes=["read", "request", "decide", "admin"],
            days=1,
            actor=Actor.of(person, "command"),
        )
    return made


def scratch_name(*parts: object) -> str:
    """Return a name for a database that no other process of this machine uses."""
    return "_".join(["fault", str(os.getpid()), *map(str, parts)]).replace("-", "_")[:60]
