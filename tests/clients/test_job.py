"""The jobs of the command line, against the portal in this process."""

from threading import BoundedSemaphore
from types import SimpleNamespace

import pytest
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import Grant, Namespace, Person, Request
from tests import factories as make
from tests.clients.conftest import signed_in
from tests.clients.hands import URL, Hands, InProcess

pytestmark = pytest.mark.django_db
ASK = ("request", "api.example.com", "--reason", "The shop needs it.")


@pytest.fixture
def pending(shop: Namespace, owner: Person) -> Request:
    """A request of the owner for two hosts that waits for a decision."""
    return make.request(shop, owner, "api.example.com", "cdn.example.org")


# --- ask ----------------------------------------------------------------------------------------


def test_somebody_asks_for_hosts_in_the_namespace_of_their_context(
    shop: Namespace, alice: Person, at_owner: Hands
) -> None:
    url = "https://user:hunter2@pay.example.org:8443/v1?key=hunter2"
    told = at_owner(*ASK, url, "--duration", "4w", "-o", "json").json
    assert (told["cluster"], told["namespace"], told["duration_days"]) == ("main", "shop", 28)
    hosts = [(row["host"], row["port"], row["protocol"]) for row in told["destinations"]]
    assert hosts == [("api.example.com", 443, "TLS"), ("pay.example.org", 8443, "TLS")]
    assert b"hunter2" not in b"".join(sent.body or b"" for sent in at_owner.wire.sent)


def test_a_table_tells_the_number_and_the_page(
    shop: Namespace, alice: Person, at_owner: Hands
) -> None:
    told = at_owner(*ASK)
    number = Request.objects.get().pk
    assert f"request/{number} is pending: {URL}/requests/{number}" in told.err
    assert "api.example.com:443/TLS" in told.out


def test_a_name_is_all_that_a_script_needs(shop: Namespace, alice: Person, at_owner: Hands) -> None:
    name = at_owner(*ASK, "-o", "name").out
    assert name == f"request/{Request.objects.get().pk}\n"


def test_a_refusal_names_the_host_and_ends_with_one(
    shop: Namespace, alice: Person, at_owner: Hands
) -> None:
    told = at_owner("request", "api.example.com", "localhost", "--reason", "x", code=1)
    assert "destinations.1.host (localhost): " in told.err
    assert told.out == ""
    assert not Request.objects.exists()


def test_a_cluster_of_another_name_is_explained(
    shop: Namespace, alice: Person, at_owner: Hands
) -> None:
    shop.cluster.name = "renamed"
    shop.cluster.save()
    hint = '"main" is what the context "main" stands for'
    assert hint in at_owner(*ASK, code=1).err
    assert hint in at_owner(*ASK, "--dry-run", code=1).err
    assert hint not in at_owner(*ASK, "--cluster", "main", code=1).err
    assert at_owner(*ASK, "--cluster", "renamed").code == 0


def test_a_dry_run_stores_nothing_and_tells_who_decides(
    shop: Namespace, alice: Person, at_owner: Hands
) -> None:
    told = at_owner(*ASK, "--dry-run")
    assert "Approvers: alice (1 needed)" in told.out
    assert "kind: ServiceEntry" in told.out
    assert not Request.objects.exists()


def test_a_dry_run_of_what_would_be_refused_ends_with_one(shop: Namespace, at_owner: Hands) -> None:
    told = at_owner(*ASK, "--dry-run", code=1)
    assert "NobodyCanApprove" in told.out


def test_objects_are_printed_as_a_file_for_kubectl(
    shop: Namespace, alice: Person, at_owner: Hands, pending: Request
) -> None:
    by_number = at_owner("render", f"request/{pending.pk}").out
    by_hosts = at_owner("render", "api.example.com", "cdn.example.org").out
    assert by_number == by_hosts
    assert by_number.count("kind: ServiceEntry") == 2
    names = at_owner("render", "api.example.com", "-o", "name").out
    assert names.startswith("serviceentry.networking.istio.io/")
    assert at_owner("render", "api.example.com", "-o", "json").json[0]["kind"] == "ServiceEntry"
    assert "+kind: ServiceEntry" in at_owner("render", "api.example.com", "--diff").out


# --- decide -------------------------------------------------------------------------------------


def test_an_approver_sees_what_they_approve_before_they_do(
    pending: Request, at_alice: Hands
) -> None:
    told = at_alice("approve", f"request/{pending.pk}", "-y", "-o", "json")
    assert "api.example.com:443/TLS" in told.err
    assert f"request/{pending.pk} is approved." in told.err
    assert (told.json["status"], len(told.json["grants"])) == ("approved", 2)


def test_a_part_is_approved_for_a_shorter_time(pending: Request, at_alice: Hands) -> None:
    words = ("--except", "CDN.example.org", "--duration", "7d", "--note", "Not that one.")
    told = at_alice("approve", str(pending.pk), "-y", *words, "-o", "json").json
    assert [row["verdict"] for row in told["destinations"]] == ["approved", "denied"]
    assert told["duration_days"] == 7


def test_an_approval_without_an_end_date_is_no_shorter_one(
    pending: Request, at_alice: Hands
) -> None:
    told = at_alice("approve", str(pending.pk), "-y", "--duration", "None", code=2)
    assert "Leave --duration out" in told.err
    pending.refresh_from_db()
    assert pending.status == RequestStatus.PENDING


def test_a_host_that_nobody_asked_for_cannot_be_left_out(pending: Request, at_alice: Hands) -> None:
    told = at_alice("approve", str(pending.pk), "-y", "--except", "typo.example.org", code=2)
    assert "does not ask for" in told.err
    pending.refresh_from_db()
    assert pending.status == RequestStatus.PENDING


@pytest.mark.parametrize("decision", [("approve",), ("deny", "--note", "No.")])
def test_nothing_is_decided_unasked_without_a_terminal(
    pending: Request, at_alice: Hands, decision: tuple[str, ...]
) -> None:
    assert "Write -y" in at_alice(*decision, str(pending.pk), code=2).err
    assert {sent.method for sent in at_alice.wire.sent} == {"GET"}


@pytest.mark.parametrize(("said", "code"), [("n\n", 130), ("", 130), ("y\n", 0)])
def test_on_a_terminal_somebody_is_asked_first(
    pending: Request, at_alice: Hands, monkeypatch: pytest.MonkeyPatch, said: str, code: int
) -> None:
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("kubectl_egress.options.sys", terminal)
    told = at_alice("approve", str(pending.pk), text=said, code=code)
    assert f"Approve request/{pending.pk}?" in told.err
    pending.refresh_from_db()
    assert (pending.status == RequestStatus.APPROVED) is (code == 0)


def test_a_request_that_was_edited_since_it_was_read_is_not_approved(
    pending: Request, at_alice: Hands
) -> None:
    Request.objects.update(revision=2)
    told = at_alice("approve", str(pending.pk), "-y", "--revision", "1", code=1)
    assert "revision 2" in told.err
    assert at_alice("approve", str(pending.pk), "-y", "--revision", "2").code == 0


def test_a_denial_tells_why(pending: Request, at_alice: Hands, at_owner: Hands) -> None:
    at_alice("deny", str(pending.pk), "--note", "Use the mirror.", "-y")
    assert "Use the mirror." in at_owner("show", str(pending.pk)).out


def test_requesters_and_tokens_without_the_scope_cannot_decide(
    pending: Request, wire: InProcess, at_owner: Hands, alice: Person
) -> None:
    assert at_owner("approve", str(pending.pk), "-y", code=5)
    pipeline = signed_in(wire, alice, "read", "request")
    assert "scope" in pipeline("approve", str(pending.pk), "-y", code=5).err
    pending.refresh_from_db()
    assert pending.status == RequestStatus.PENDING


# --- look ---------------------------------------------------------------------------------------


def test_somebody_elses_things_are_not_there(
    pending: Request, wire: InProcess, stranger: Person
) -> None:
    hands = signed_in(wire, stranger)
    assert hands("show", str(pending.pk), code=7).err == hands("show", "4242", code=7).err


# --- check and wait -----------------------------------------------------------------------------


def test_check_says_yes_for_what_is_granted(
    shop: Namespace, owner: Person, at_owner: Hands
) -> None:
    grant = make.grant(shop, owner, "api.example.com")
    told = at_owner("check", "https://api.example.com/v1")
    assert told.out.splitlines()[1].split()[:4] == [
        "api.example.com:443",
        "yes",
        "no",
        f"grant/{grant.pk}",
    ]


def test_check_ends_with_three_and_a_link_for_what_is_not(
    shop: Namespace, owner: Person, at_owner: Hands
) -> None:
    make.grant(shop, owner, "api.example.com")
    hosts = (
        "# what the app needs\napi.example.com\ncurl -sSo x -H 'Host: a.b' https://b.example.org\n"
    )
    told = at_owner("check", "-f", "-", text=hosts, code=3)
    assert "1 of 2 hosts are not granted" in told.err
    assert (
        f"{URL}/requests/new?cluster=main&namespace=shop&host=b.example.org&port=443&protocol=TLS"
        in told.err
    )


def test_a_grant_that_is_not_applied_yet_is_a_no(
    shop: Namespace, owner: Person, at_owner: Hands
) -> None:
    make.grant(shop, owner, "api.example.com", status=GrantStatus.PENDING)
    told = at_owner("check", "api.example.com", "-o", "json", code=3)
    assert told.json["answers"][0]["allowed"] is False


def test_waiting_ends_when_the_grants_are_active(
    pending: Request,
    at_owner: Hands,
    at_alice: Hands,
    passing: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def next_thing(seconds: float) -> None:
        passing.append(seconds)
        if len(passing) == 1:
            at_alice("approve", str(pending.pk), "-y")
        else:
            now = timezone.now()
            Grant.objects.update(status=GrantStatus.ACTIVE, applied_at=now, active_at=now)

    monkeypatch.setattr("kubectl_egress.waiting.pause", next_thing)
    told = at_owner("wait", f"request/{pending.pk}")
    assert f"request/{pending.pk}: waits for a decision" in told.err
    assert "is approved, not applied so far" in told.err
    assert len(passing) == 2


def test_the_portal_holds_its_answer_until_there_is_something_to_tell(
    pending: Request,
    at_owner: Hands,
    at_alice: Hands,
    passing: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def next_thing(_: float) -> None:
        at_alice("approve", str(pending.pk), "-y")
        now = timezone.now()
        Grant.objects.update(status=GrantStatus.ACTIVE, applied_at=now, active_at=now)

    monkeypatch.setattr("egress.api.waiting._places", BoundedSemaphore(1))
    monkeypatch.setattr("egress.api.waiting.pause", next_thing)
    at_owner("wait", f"request/{pending.pk}")
    looks = [call.path_url.partition("?")[2] for call in at_owner.wire.sent]
    assert [look for look in looks if look] == ["wait=15"]
    assert len(passing) == 1, "between the first look, which tells how it stands, and the held one"


def test_waiting_in_vain_ends_with_four(
    pending: Request, at_owner: Hands, passing: list[float]
) -> None:
    told = at_owner("wait", str(pending.pk), "--timeout", "1m", code=4)
    assert "waits for a decision" in told.err
    assert sum(passing) == 60


def test_waiting_for_what_was_denied_ends_at_once(
    pending: Request, at_owner: Hands, at_alice: Hands, passing: list[float]
) -> None:
    at_alice("deny", str(pending.pk), "--note", "Use the mirror.", "-y")
    told = at_owner("wait", str(pending.pk), code=3)
    assert "denied by alice: Use the mirror." in told.err
    assert at_owner("wait", str(pending.pk), "--for", "decided").code == 0
    assert passing == []


def test_a_request_approved_in_part_is_not_what_a_pipeline_waits_for(
    pending: Request, at_owner: Hands, at_alice: Hands, passing: list[float]
) -> None:
    at_alice("approve", str(pending.pk), "-y", "--except", "cdn.example.org")
    told = at_owner("wait", str(pending.pk), code=3)
    assert "approved without cdn.example.org:443/TLS" in told.err


def test_a_failed_delivery_gets_some_seconds_to_mend_itself(
    shop: Namespace, owner: Person, at_owner: Hands, passing: list[float]
) -> None:
    grant = make.grant(shop, owner, "api.example.com", status=GrantStatus.PENDING)
    Grant.objects.update(failed_reason="HostTaken", failed_message="Somebody else has it.")
    told = at_owner("wait", f"grant/{grant.pk}", code=1)
    assert "Somebody else has it." in told.err
    assert 10 <= sum(passing) <= 20


def test_waiting_goes_on_while_the_portal_is_away(
    shop: Namespace, owner: Person, at_owner: Hands, passing: list[float]
) -> None:
    grant = make.grant(shop, owner, "api.example.com")
    away = ConnectionRefusedError("away")
    at_owner.wire.troubles = [lambda _: away] * 3
    assert at_owner("wait", f"grant/{grant.pk}").code == 0
    at_owner.wire.troubles = [lambda _: away] * 100
    assert at_owner("wait", f"grant/{grant.pk}", "--timeout", "5s", code=6)


def test_open_prints_the_page(shop: Namespace, at_owner: Hands) -> None:
    assert at_owner("open", "request/12").out == f"{URL}/requests/12\n"
    assert at_owner("open").out == f"{URL}/\n"
    assert "/requests/new?cluster=main&namespace=shop" in at_owner("open", "api.example.com").out
