"""The presets that come with the portal: exact, canonical, and good for a request as they are."""

from datetime import timedelta

import pytest

from egress.domain.access import ClusterProfile, Protocol, Subject, Wish
from egress.domain.catalogue import PRESETS, Category, Preset
from egress.domain.hosts import canonical_host, registrable_domain
from egress.domain.naming import is_dns_label
from egress.domain.policies import Level, PolicyContext, blocking, evaluate
from tests.domain.policies.meshes import AMBIENT, GATEWAY, KNOWN, MESHES

BY_NAME = {preset.name: preset for preset in PRESETS}
every_preset = pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)


def findings_on(preset: Preset, mesh: ClusterProfile, account: str = "") -> list[str]:
    """Reasons that refuse a request with all destinations of a preset."""
    wish = Wish(Subject("default", account), preset.destinations, timedelta(days=30))
    return [finding.message for finding in blocking(evaluate(wish, PolicyContext(mesh, KNOWN)))]


@every_preset
@pytest.mark.parametrize("mesh", MESHES, ids=["sidecar", "gateway", "ambient", "central"])
def test_no_policy_refuses_a_preset(preset: Preset, mesh: ClusterProfile) -> None:
    assert findings_on(preset, mesh) == []


@every_preset
@pytest.mark.parametrize("mesh", [GATEWAY, AMBIENT], ids=["gateway", "ambient"])
def test_a_service_account_may_ask_for_a_preset(preset: Preset, mesh: ClusterProfile) -> None:
    assert findings_on(preset, mesh, "billing") == []


@every_preset
def test_hosts_are_canonical_and_exact(preset: Preset) -> None:
    assert preset.destinations
    for destination in preset.destinations:
        assert canonical_host(destination.host) == destination.host
        assert registrable_domain(destination.host)
        assert destination.alias == ""
        assert destination.addresses == ()


@every_preset
def test_a_preset_can_be_stored_and_read(preset: Preset) -> None:
    assert is_dns_label(preset.name)
    assert 0 < len(preset.title) <= 120
    assert len(preset.text) <= 2000
    assert preset.text.startswith(f"{preset.category}. ")
    assert all(text.endswith(".") for text in (preset.description, preset.note, preset.text))
    assert len(preset.destinations) == len(set(preset.destinations)) <= 20


def test_names_and_titles_are_given_once() -> None:
    assert len(BY_NAME) == len(PRESETS)
    assert len({preset.title for preset in PRESETS}) == len(PRESETS)


@pytest.mark.parametrize("category", Category)
def test_every_category_has_a_preset(category: Category) -> None:
    assert any(preset.category is category for preset in PRESETS)


def test_code_is_offered_over_https_and_over_ssh() -> None:
    (https, _), (ssh,) = BY_NAME["github"].destinations, BY_NAME["github-ssh"].destinations
    assert (https.host, https.port, https.protocol) == ("github.com", 443, Protocol.TLS)
    assert (ssh.host, ssh.port, ssh.protocol) == ("github.com", 22, Protocol.TCP)


def test_ssh_and_mail_ask_for_the_attention_they_need() -> None:
    def levels(name: str) -> set[Level]:
        wish = Wish(Subject("default"), BY_NAME[name].destinations, timedelta(days=30))
        return {finding.level for finding in evaluate(wish, PolicyContext(AMBIENT, KNOWN))}

    assert Level.REVIEW in levels("github-ssh")
    assert Level.REVIEW in levels("sendgrid-smtp")
    assert Level.REVIEW not in levels("stripe")


def test_hosts_of_the_same_port_are_spoken_to_in_one_way_in_all_presets() -> None:
    ways: dict[tuple[str, int], set[object]] = {}
    for preset in PRESETS:
        for destination in preset.destinations:
            ways.setdefault((destination.host, destination.port), set()).add(destination.way)
    assert {place: found for place, found in ways.items() if len(found) > 1} == {}
