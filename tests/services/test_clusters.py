"""Clusters: what it takes to connect one, and what admins decide about it."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from pytest_django import Settings

from egress.cluster.inventory import read_inventory
from egress.domain.access import Enforcement
from egress.models import AuditEvent, Cluster, Namespace
from egress.sandbox import demo
from egress.sandbox.api import SandboxApi
from egress.sandbox.server import SandboxServer, serve
from egress.sandbox.store import Store
from egress.sandbox.users import NOBODY, PORTAL, Users
from egress.services import clusters, gateways, tokens
from egress.services.actor import Actor
from egress.services.errors import Conflict, NotAllowed, Refused, Unavailable
from tests import factories
from tests.services.world import World

TOKEN = "sandbox-token-that-nobody-may-see"
OPERATOR = Actor.system("manage.py connect", source="command")


@pytest.fixture
def company(settings: Settings) -> Iterator[SandboxServer]:
    """The demo company's cluster behind a socket."""
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    store = Store(None)
    demo.seed(store)
    users = Users({TOKEN: PORTAL, "nobody-token": NOBODY})
    with serve(SandboxApi(store, users)) as server:
        yield server
        gateways.forget_gateways()
    store.close()


def kubeconfig(server: SandboxServer, token: str = TOKEN, **user: Any) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": server.url}}],
            "users": [{"name": "u", "user": {"token": token, **user}}],
            "contexts": [{"name": "main", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "main",
        }
    )


def connect(server: SandboxServer, name: str = "demo", **options: Any) -> Cluster:
    return clusters.connect(
        name=name,
        kubeconfig_text=options.pop("text", "") or kubeconfig(server),
        actor=options.pop("actor", OPERATOR),
        **options,
    )


def test_a_cluster_is_looked_over_pinned_and_its_inventory_read(
    db: None, company: SandboxServer
) -> None:
    cluster = connect(company, is_sandbox=True)
    assert cluster.uid
    assert cluster.istio_version == demo.ISTIO_VERSION
    assert cluster.mesh["outbound_policy"] == "ALLOW_ANY"
    assert cluster.enforcement == "gateway"
    assert cluster.is_sandbox
    assert all(check["level"] != "block" for check in cluster.checks)
    shop = Namespace.objects.get(name="shop")
    assert shop.owner_name == "team-shop"
    assert AuditEvent.objects.get(tag="cluster:connected").target_id == str(cluster.pk)


def test_credentials_are_sealed_and_nowhere_else(db: None, company: SandboxServer) -> None:
    cluster = connect(company)
    assert TOKEN.encode() not in bytes(cluster.credentials)
    told = str(list(AuditEvent.objects.values())) + str(cluster.checks) + str(cluster.mesh)
    assert TOKEN not in told
    assert gateways.open_gateway(cluster).identity().uid == cluster.uid


def test_connecting_again_renews_the_credentials(db: None, company: SandboxServer) -> None:
    first = connect(company)
    second = connect(company)
    assert second.pk == first.pk
    assert bytes(second.credentials) != bytes(first.credentials)
    assert AuditEvent.objects.filter(tag="cluster:changed").count() == 1


def test_one_cluster_has_one_name(db: None, company: SandboxServer) -> None:
    connect(company)
    with pytest.raises(Conflict, match='connected already, as "demo"'):
        connect(company, name="other")


def test_one_name_leads_to_one_cluster(db: None, company: SandboxServer) -> None:
    factories.cluster("demo", server="https://elsewhere")
    with pytest.raises(Conflict, match="https://elsewhere"):
        connect(company)


def test_a_token_that_is_revoked_meanwhile_connects_nothing(
    db: None, company: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    adam = factories.admin("adam")
    asked = {"owner": adam, "name": "x", "scopes": ["admin"], "days": 3}
    token, _ = tokens.create(**asked, actor=factories.actor(adam))

    def read(*args: Any, **kwargs: Any) -> Any:
        tokens.revoke(token=token, actor=factories.actor(adam))
        return read_inventory(*args, **kwargs)

    monkeypatch.setattr(clusters, "read_inventory", read)
    with pytest.raises(NotAllowed, match="revoked"):
        connect(company, actor=Actor.of(adam, "api", "", token))
    assert not Cluster.objects.exists()


def test_a_developer_may_not_connect_a_cluster(db: None, company: SandboxServer) -> None:
    with pytest.raises(NotAllowed):
        connect(company, actor=Actor.of(factories.person("dana"), "web"))


@pytest.mark.parametrize("name", ["", "Main", "a b", "-x", "x" * 64])
def test_a_name_that_is_no_label_is_refused(db: None, company: SandboxServer, name: str) -> None:
    with pytest.raises(Refused) as refusal:
        connect(company, name=name)
    assert "name" in refusal.value.fields


@pytest.mark.parametrize("enforcement", Enforcement)
def test_every_enforcement_can_be_chosen(
    db: None, company: SandboxServer, enforcement: Enforcement
) -> None:
    assert connect(company, enforcement=enforcement).enforcement == enforcement


@pytest.mark.parametrize("text", ["", "no: kubeconfig", "{", "kind: Config"])
def test_a_file_that_is_no_kubeconfig_is_refused(
    db: None, company: SandboxServer, text: str
) -> None:
    with pytest.raises(Refused) as refusal:
        connect(company, text=text or " ")
    assert "kubeconfig" in refusal.value.fields
    assert not Cluster.objects.exists()


def test_a_kubeconfig_that_runs_a_program_is_refused(db: None, company: SandboxServer) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/true"}
    with pytest.raises(Refused, match="program"):
        connect(company, text=kubeconfig(company, exec=plugin))


def test_credentials_without_rights_are_refused_saying_which(
    db: None, company: SandboxServer
) -> None:
    with pytest.raises(Refused, match="is forbidden"):
        connect(company, text=kubeconfig(company, "nobody-token"))
    assert not Cluster.objects.exists()


def test_without_keys_nothing_is_stored(
    db: None, company: SandboxServer, settings: Settings
) -> None:
    settings.CREDENTIAL_KEYS = []
    with pytest.raises(Refused, match="EGRESS_CREDENTIAL_KEYS"):
        connect(company)


def test_another_cluster_behind_the_same_address_is_not_opened(
    db: None, company: SandboxServer
) -> None:
    cluster = connect(company)
    gateways.forget_gateways()
    cluster.uid = "pinned-before"
    with pytest.raises(Unavailable, match="Another cluster") as refusal:
        gateways.open_gateway(cluster)
    assert refusal.value.reason == "WrongCluster"


def test_a_connection_is_made_once_and_again_for_new_credentials(
    db: None, company: SandboxServer
) -> None:
    cluster = connect(company)
    first = gateways.open_gateway(cluster)
    assert gateways.open_gateway(cluster) is first
    assert gateways.open_gateway(connect(company)) is not first


def test_credentials_sealed_under_a_lost_key_say_so(
    db: None, company: SandboxServer, settings: Settings
) -> None:
    cluster = connect(company)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(Unavailable, match="EGRESS_CREDENTIAL_KEYS"):
        gateways.open_gateway(cluster)


def test_the_command_connects_and_never_prints_a_secret(
    db: None, company: SandboxServer, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config"
    path.write_text(kubeconfig(company))
    call_command("connect", "demo", kubeconfig=str(path), sandbox=True)
    printed = capsys.readouterr().out
    assert 'Cluster "demo" is connected' in printed
    assert TOKEN not in printed
    assert Cluster.objects.get().is_sandbox


def test_the_command_says_what_is_wrong_in_sentences(db: None, tmp_path: Any) -> None:
    with pytest.raises(CommandError, match="Cannot read the kubeconfig"):
        call_command("connect", "demo", kubeconfig=str(tmp_path / "absent"))
    path = tmp_path / "config"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="not text"):
        call_command("connect", "demo", kubeconfig=str(path))


def test_an_admin_sets_the_owner_of_a_namespace(world: World) -> None:
    shop, team = world.namespace("shop"), factories.team("team-new")
    actor = Actor.of(world.admin, "web")
    assert clusters.set_owner(namespace=shop, team=team, actor=actor).owner_name == "team-new"
    assert clusters.set_owner(namespace=shop, team=None, actor=actor).owner_name == "team-shop"
    events = AuditEvent.objects.filter(tag="namespace:owner-set").order_by("sequence")
    assert [event.data["after"] for event in events] == ["team-new", "team-shop"]
    with pytest.raises(NotAllowed):
        clusters.set_owner(namespace=shop, team=team, actor=Actor.of(world.requester, "web"))


def test_enforcement_is_not_changed_under_grants(world: World) -> None:
    world.deliver("api.example.com")
    actor = Actor.of(world.admin, "web")
    with pytest.raises(Conflict, match="End them first"):
        clusters.set_namespace_enforcement(
            namespace=world.namespace("shop"), enforcement=Enforcement.GATEWAY, actor=actor
        )
    changed = clusters.set_namespace_enforcement(
        namespace=world.namespace("data"), enforcement=Enforcement.GATEWAY, actor=actor
    )
    assert changed.enforcement == "gateway"
    Namespace.objects.filter(name="data").update(default_deny=True)
    with pytest.raises(Conflict, match="Switch it off first"):
        clusters.set_namespace_enforcement(
            namespace=world.namespace("data"), enforcement=None, actor=actor
        )


def test_the_drift_policy_is_an_admins_choice(world: World) -> None:
    actor = Actor.of(world.admin, "web")
    clusters.set_drift_policy(cluster=world.cluster, policy="flag", actor=actor)
    assert Cluster.objects.get().drift_policy == "flag"
    with pytest.raises(Refused):
        clusters.set_drift_policy(cluster=world.cluster, policy="ignore", actor=actor)
    with pytest.raises(NotAllowed):
        clusters.set_drift_policy(
            cluster=world.cluster, policy="heal", actor=Actor.of(world.requester, "web")
        )
