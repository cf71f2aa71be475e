"""Who can get access, and whose traffic has a proxy at all."""

import pytest

from egress.domain.access import Subject
from egress.domain.policies import Finding, Level, blocking
from tests.domain.examples import findings, inventory, namespace, reasons, to
from tests.domain.policies.meshes import AMBIENT

HOST = to("a.example.com")


def about(name: str, account: str = "", **facts: object) -> list[Finding]:
    """Findings on a wish of one namespace with these facts."""
    return findings(
        HOST, subject=Subject(name, account), inventory=inventory(namespace("shop", **facts))
    )


def test_a_namespace_with_proxies_is_accepted() -> None:
    assert blocking(about("shop")) == []


@pytest.mark.parametrize("name", ["unknown", "shop-2"])
def test_an_unknown_namespace_is_refused(name: str) -> None:
    assert reasons(about(name), Level.BLOCK) == {"NamespaceUnknown"}


@pytest.mark.parametrize(
    "name", ["kube-system", "istio-system", "istio-egress", "kube-public", "kube-node-lease"]
)
def test_a_namespace_of_the_cluster_is_refused_even_when_it_is_known(name: str) -> None:
    found = findings(HOST, subject=Subject(name), inventory=inventory(namespace(name)))
    assert reasons(found, Level.BLOCK) == {"NamespaceProtected"}


@pytest.mark.parametrize("name", ["", "Shop", "a/b", "shop\n", "x" * 64])
def test_what_is_no_namespace_name_is_refused(name: str) -> None:
    assert "NamespaceMalformed" in reasons(about(name), Level.BLOCK)


def test_a_namespace_without_injection_is_refused() -> None:
    assert reasons(about("shop", injected=False), Level.BLOCK) == {"NamespaceWithoutProxy"}


def test_pods_without_proxy_are_named() -> None:
    found = about("shop", uninjected_pods=("web-1",))
    assert blocking(found) == []
    (finding,) = (f for f in found if f.level is Level.WARN)
    assert finding.reason == "PodsWithoutProxy"
    assert '"web-1"' in finding.message


def test_a_namespace_without_default_deny_is_told_that_nothing_is_enforced() -> None:
    assert "GrantedNotEnforced" in reasons(about("shop"), Level.INFO)
    assert "GrantedNotEnforced" not in reasons(about("shop", default_deny=True))


def test_an_unknown_service_account_is_refused() -> None:
    assert "ServiceAccountUnknown" in reasons(about("shop", "nobody"), Level.BLOCK)
    assert "ServiceAccountUnknown" not in reasons(about("shop", "billing"))
    assert "ServiceAccountMalformed" in reasons(about("shop", "No Body"), Level.BLOCK)


def test_the_default_service_account_is_warned_of() -> None:
    assert "DefaultServiceAccount" in reasons(about("shop", "default"), Level.WARN)


def test_what_kiali_calls_an_unknown_subject_is_told() -> None:
    (finding,) = blocking(about("unknown"))
    assert finding.codes == ("KIA0005",)
    (finding,) = (f for f in about("shop", "nobody") if f.reason == "ServiceAccountUnknown")
    assert finding.codes == ("KIA0106",)


def in_ambient(**labels: str) -> set[str]:
    """Reasons on a wish of an ambient namespace with these labels besides."""
    known = {name.replace("__", "/").replace("_", "-"): value for name, value in labels.items()}
    facts = namespace("shop", labels=known, injected=False, uninjected_pods=("web-1",))
    return reasons(
        findings(HOST, subject=Subject("shop"), inventory=inventory(facts), cluster=AMBIENT)
    )


def test_under_ambient_a_namespace_needs_the_dataplane_and_no_sidecars() -> None:
    inside = {"istio.io__dataplane_mode": "ambient"}
    about_proxies = {"NamespaceNotInAmbient", "SidecarsUnderAmbient", "NamespaceWithoutProxy"}
    about_proxies |= {"PodsWithoutProxy"}
    assert in_ambient() & about_proxies == {"NamespaceNotInAmbient"}
    assert in_ambient(**inside) & about_proxies == set()
    assert in_ambient(**inside, istio_injection="enabled") & about_proxies == {
        "SidecarsUnderAmbient"
    }


def test_a_namespace_of_the_cluster_is_not_told_about_boundaries() -> None:
    found = findings(
        HOST, subject=Subject("kube-system"), inventory=inventory(namespace("kube-system"))
    )
    assert reasons(found) == {"NamespaceProtected"}
