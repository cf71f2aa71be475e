"""`manage.py bootstrap` and `manage.py posture`, against the demo company's cluster."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from pytest_django import Settings

from egress.cluster import kinds
from egress.domain.access import Enforcement
from egress.models import AuditEvent, Cluster
from egress.sandbox.api import SandboxApi
from egress.sandbox.bootstrap import install
from egress.sandbox.server import serve
from egress.sandbox.store import Store
from egress.sandbox.users import ADMIN, PORTAL, Users
from egress.services import bootstrap, clusters, gateways
from egress.services.actor import Actor
from egress.services.credentials import seal
from tests import factories
from tests.cluster.company import PORTAL_NAME, Company, company_in_process

pytestmark = pytest.mark.django_db
DENY = {"spec": {"validationActions": ["Deny"]}}
BINDINGS = ("egress-portal-gateways", "egress-portal-mesh-config")


@pytest.fixture
def company(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Company]:
    """The company before anybody ran bootstrap, connected under the name `company`."""
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with company_in_process(bootstrapped=False) as made:
        settings.INSTALLATION = made.profile.installation
        for module in (gateways, clusters):
            monkeypatch.setattr(module, "dial", lambda _: made.cluster.gateway)
        monkeypatch.setattr(bootstrap, "dial_as_operator", lambda *_: made.operator)
        text = "apiVersion: v1\nkind: Config\n" + _KUBECONFIG
        (tmp_path / "admin").write_text(text)
        clusters.connect(
            name="company",
            kubeconfig_text=text,
            enforcement=Enforcement.GATEWAY,
            actor=Actor.system("test", source="command"),
        )
        yield made
        gateways.forget_gateways()


_KUBECONFIG = """
clusters: [{name: c, cluster: {server: "https://cluster.example"}}]
users: [{name: u, user: {token: operators-own-secret}}]
contexts: [{name: main, context: {cluster: c, user: u}}]
current-context: main
"""


def run(tmp_path: Path, *more: str, name: str = "company") -> str:
    out = io.StringIO()
    arguments = ["bootstrap", name, "--kubeconfig", str(tmp_path / "admin"), *more]
    call_command(*arguments, stdout=out)
    return out.getvalue()


def actions(company: Company) -> list[Any]:
    kind = kinds.VALIDATING_ADMISSION_POLICY_BINDING
    found = [company.cluster.gateway.get(kind, "", name) for name in BINDINGS]
    return [one and one["spec"]["validationActions"] for one in found]


def everything(company: Company) -> dict[str, str]:
    """Return the resourceVersion of every object that bootstrap may touch."""
    return {
        f"{kind.kind} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}": one[
            "metadata"
        ]["resourceVersion"]
        for kind in kinds.ALL_KINDS
        if company.operator.serves(kind)
        for one in company.operator.list(kind).items
    }


def test_a_dry_run_writes_nothing(company: Company, tmp_path: Path) -> None:
    before = everything(company)
    text = run(tmp_path, "--dry-run")
    assert "created  Gateway istio-egress/egress-http" in text
    assert "Nothing was written to the cluster." in text
    assert everything(company) == before
    assert not AuditEvent.objects.filter(tag="cluster:bootstrapped").exists()


def test_a_dry_run_enforces_nothing_either(company: Company, tmp_path: Path) -> None:
    run(tmp_path)
    run(tmp_path, "--dry-run", "--enforce")
    assert actions(company) == [["Warn", "Audit"]] * 2


def test_it_lays_down_what_the_gateway_needs(company: Company, tmp_path: Path) -> None:
    text = run(tmp_path)
    assert "The egress gateway is a boundary." in text
    assert "kept  Service istio-egress/egressgateway" not in text
    assert "kept  Namespace istio-egress: It was there before" in text
    assert company.found("PF1") == company.found("PF7") == []
    assert actions(company) == [["Warn", "Audit"]] * 2
    (event,) = AuditEvent.objects.filter(tag="cluster:bootstrapped")
    assert event.data["operator"] == "admin"
    assert "operators-own-secret" not in str(event.data) + text


def test_running_it_twice_changes_nothing(company: Company, tmp_path: Path) -> None:
    run(tmp_path)
    before = everything(company)
    text = run(tmp_path)
    assert everything(company) == before
    assert "created" not in text
    assert "updated" not in text


def test_it_heals_what_was_changed(company: Company, tmp_path: Path) -> None:
    run(tmp_path)
    change = {"spec": {"rules": [{"to": [{"operation": {"ports": ["8080"]}}]}]}}
    company.change(kinds.AUTHORIZATION_POLICY, "istio-egress", "handshake", change)
    assert "updated  AuthorizationPolicy istio-egress/handshake" in run(tmp_path)
    assert company.found("PF7") == []


def test_fields_that_others_added_are_told_because_they_cannot_be_removed(
    company: Company, tmp_path: Path
) -> None:
    run(tmp_path)
    change = {"spec": {"selector": {"matchLabels": {"app": "nothing"}}}}
    company.change(kinds.AUTHORIZATION_POLICY, "istio-egress", "default-deny", change)
    with pytest.raises(CommandError, match="Not everything"):
        run(tmp_path)


def test_enforce_lists_what_would_be_refused_and_then_denies(
    company: Company, tmp_path: Path
) -> None:
    text = run(tmp_path, "--enforce")
    refused = text.index("ServiceEntry data/sftp-partner is not the portal's.")
    assert refused < text.index("created  ValidatingAdmissionPolicyBinding")
    assert actions(company) == [["Deny"]] * 2


def test_running_it_again_without_enforce_goes_on_denying(company: Company, tmp_path: Path) -> None:
    run(tmp_path, "--enforce")
    run(tmp_path)
    assert actions(company) == [["Deny"]] * 2


def test_the_portal_and_istiod_are_exempt_by_their_actual_names(
    company: Company, tmp_path: Path
) -> None:
    run(tmp_path)
    policy = company.operator.get(
        kinds.VALIDATING_ADMISSION_POLICY, "", "egress-portal-mesh-config"
    )
    assert policy is not None
    (validation,) = policy["spec"]["validations"]
    assert f"'{PORTAL_NAME}'" in validation["expression"]
    assert "'system:serviceaccount:istio-system:istiod'" in validation["expression"]


def test_foreign_objects_are_named_and_left_alone(company: Company, tmp_path: Path) -> None:
    made = company.plant(
        "AuthorizationPolicy", "istio-egress", "handshake", spec={"action": "DENY", "rules": [{}]}
    )
    out = io.StringIO()
    with pytest.raises(CommandError, match="Not everything"):
        call_command("bootstrap", "company", "--kubeconfig", str(tmp_path / "admin"), stdout=out)
    assert "foreign  AuthorizationPolicy istio-egress/handshake" in out.getvalue()
    live = company.operator.get(kinds.AUTHORIZATION_POLICY, "istio-egress", "handshake")
    assert live == made
    assert company.operator.get(kinds.GATEWAY, "istio-egress", "egress-http")


def test_a_foreign_admission_policy_is_never_bound(company: Company, tmp_path: Path) -> None:
    spec = {
        "matchConstraints": {"resourceRules": [{"apiGroups": ["*"], "apiVersions": ["*"],
                             "operations": ["*"], "resources": ["*"]}]},
        "validations": [{"expression": "false"}],
    }  # fmt: skip
    company.plant("ValidatingAdmissionPolicy", "", "egress-portal-mesh-config", spec=spec)
    with pytest.raises(CommandError):
        run(tmp_path, "--enforce")
    assert actions(company) == [["Deny"], None]


def test_a_missing_gateway_is_installed_unless_helm_does_it(
    company: Company, tmp_path: Path
) -> None:
    for kind in (kinds.SERVICE, kinds.DEPLOYMENT):
        company.remove(kind, "istio-egress", "egressgateway")
    text = run(tmp_path, "--helm-values", str(tmp_path / "values"))
    assert "Deployment istio-egress/egressgateway" not in text
    values = yaml.safe_load((tmp_path / "values" / "egressgateway.values.yaml").read_text())
    assert values["service"]["type"] == "ClusterIP"
    assert "created  Deployment istio-egress/egressgateway" in run(tmp_path)
    assert "unchanged  Deployment istio-egress/egressgateway" in run(tmp_path)


def test_the_objects_can_be_printed_instead(company: Company, tmp_path: Path) -> None:
    before = everything(company)
    printed = list(yaml.safe_load_all(run(tmp_path, "-o", "yaml")))
    assert {"ClusterRole", "Gateway", "NetworkPolicy"} <= {one["kind"] for one in printed}
    assert everything(company) == before


def test_another_cluster_is_refused(company: Company, tmp_path: Path) -> None:
    Cluster.objects.filter(name="company").update(name="moved")
    factories.cluster("company", uid="another")
    with pytest.raises(CommandError, match="another cluster"):
        run(tmp_path)
    assert actions(company) == [None, None]


def test_an_unknown_cluster_or_file_is_a_clear_error(company: Company, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match='No cluster is called "nowhere"'):
        run(tmp_path, name="nowhere")
    with pytest.raises(CommandError, match="Cannot read the kubeconfig"):
        call_command("bootstrap", "company", "--kubeconfig", str(tmp_path / "missing"))


def test_an_operator_without_rights_is_told_what_is_missing(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "dial_as_operator", lambda *_: company.cluster.nobody)
    with pytest.raises(CommandError, match="Give the portal"):
        run(tmp_path)


def test_posture_prints_each_row_with_object_and_fix(company: Company, tmp_path: Path) -> None:
    run(tmp_path)
    out = io.StringIO()
    call_command("posture", "company", stdout=out)
    text = out.getvalue()
    assert "PF1     ok       The egress gateway is there" in text
    assert 'PF9     warn     Pods of "marketing"' in text
    assert "Fix: Restart them" in text


def test_posture_ends_with_one_when_a_row_blocks(company: Company) -> None:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("posture", "company", "-o", "json", stdout=out)
    assert ended.value.code == 1
    told = json.loads(out.getvalue())
    assert told["boundary"] is False
    assert {"PF1", "PF10"} <= {row["id"] for row in told["rows"]}


def test_it_works_over_a_real_connection_on_an_empty_cluster(
    settings: Settings, tmp_path: Path
) -> None:
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    store = Store(None)
    install(store)
    with serve(SandboxApi(store, Users({"admins": ADMIN, "portals": PORTAL}))) as server:

        def kubeconfig(token: str) -> str:
            named = {"apiVersion": "v1", "kind": "Config"} | yaml.safe_load(_KUBECONFIG)
            named["clusters"][0]["cluster"]["server"] = server.url
            named["users"][0]["user"]["token"] = token
            return yaml.safe_dump(named)

        (tmp_path / "admin").write_text(kubeconfig("admins"))
        text = kubeconfig("portals")
        gateway = gateways.dial(text)
        factories.cluster(
            "company",
            uid=gateway.identity().uid,
            credentials=seal(text),
            enforcement="gateway",
        )
        gateway.close()
        operator = bootstrap.dial_as_operator(kubeconfig("admins"), None)
        operator.create(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}}
        )
        operator.close()
        printed = run(tmp_path)
        assert "created  Namespace istio-egress" in printed
        assert "created  Deployment istio-egress/egressgateway" in printed
        assert "Not a boundary yet." in printed
        gateways.forget_gateways()
    store.close()
