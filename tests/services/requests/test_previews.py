"""The preview: what a draft would come to, without ever failing on what was typed."""

from egress.models import AuditEvent, Namespace, Person, Request
from egress.services import requests
from egress.services.requests import DestinationDraft, RequestDraft
from tests import factories as make


def test_a_good_draft_shows_objects_sentences_and_approvers(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    preview = requests.preview(draft=make.draft(shop), actor=make.actor(owner))
    assert preview.errors == {}
    assert preview.approvers == ("alice", "mate")
    assert preview.approvals_needed == 1
    assert "kind: ServiceEntry" in preview.yaml
    assert "+  namespace: shop" in preview.diff
    assert preview.sentences == ("All pods of `shop` may reach `api.example.com:443` (TLS).",)
    assert not preview.enforced
    assert not Request.objects.exists()
    assert not AuditEvent.objects.exists()


def test_the_diff_is_against_what_is_granted_today(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    make.grant(shop, host="api.example.com", port=443)
    draft = make.draft(shop, make.destination(port=8443))
    preview = requests.preview(draft=draft, actor=make.actor(owner))
    assert "+    - number: 8443" in preview.diff
    assert "+    - number: 443" not in preview.diff


def test_findings_name_the_position_that_was_typed(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    draft = make.draft(shop, "not a host", "fine.example.com", "x.svc.cluster.local")
    preview = requests.preview(draft=draft, actor=make.actor(owner))
    assert list(preview.errors) == ["destinations.0.host"]
    assert [d.host if d else None for d in preview.destinations] == [
        None,
        "fine.example.com",
        "x.svc.cluster.local",
    ]
    assert any(finding.field.startswith("destinations.2") for finding in preview.findings)
    assert not any(finding.field.startswith("destinations.1") for finding in preview.findings)
    assert preview.yaml == ""


def test_an_empty_draft_is_explained(shop: Namespace, owner: Person) -> None:
    draft = RequestDraft("", "", "", (), "", "", None)
    preview = requests.preview(draft=draft, actor=make.actor(owner))
    assert {"cluster", "destinations", "reason"} <= set(preview.errors)


def test_hostile_text_is_answered(shop: Namespace, owner: Person, mate: Person) -> None:
    for text in ("\0", "\ud800", "x" * 100_000, "{{7*7}}", "'; DROP TABLE", "\u202e"):
        draft = RequestDraft(
            "main", "shop", text, (DestinationDraft(text, text, text),), text, text, 10**30
        )
        preview = requests.preview(draft=draft, actor=make.actor(owner))
        assert "destinations.0.host" in preview.errors
        assert "duration_days" in preview.errors


def test_others_namespaces_are_not_previewed(
    shop: Namespace, payments: Namespace, owner: Person, mate: Person
) -> None:
    make.grant(payments, host="secret.example.com")
    preview = requests.preview(draft=make.draft(payments), actor=make.actor(owner))
    assert list(preview.errors) == ["namespace"]
    assert preview.yaml == preview.diff == ""
    assert preview.approvers == ()


def test_default_deny_is_told(shop: Namespace, owner: Person, mate: Person) -> None:
    shop.default_deny_enforced = True
    shop.save()
    assert requests.preview(draft=make.draft(shop), actor=make.actor(owner)).enforced
