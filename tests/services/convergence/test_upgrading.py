"""Two versions of the portal at once do not fight, and a new rendering is no drift."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from egress.models import AuditEvent, Cluster, Delivery, DeliveryStep, Grant, Slice
from egress.services import convergence
from egress.services.convergence.record import announce
from egress.services.convergence.upgrading import older_sentence
from tests.services.convergence.upgraded import MARK, version
from tests.services.world import World, assert_chain_is_valid

HOSTS = ("one.example.com", "two.example.com", "three.example.com")


def rendered_by(world: World, host: str = HOSTS[0]) -> str:
    entry = world.entry(host)
    assert entry is not None
    return str(entry["metadata"]["labels"].get(MARK, ""))


def sweep() -> int:
    return convergence.full_sweep(Cluster.objects.get())


@pytest.fixture
def served(world: World) -> World:
    """A cluster with grants that the present version has written."""
    for host in HOSTS:
        world.deliver(host)
    return world


def test_what_a_new_version_renders_otherwise_is_written_with_that_cause(served: World) -> None:
    with version(7):
        assert sweep() == 1
        served.converge()
        assert {rendered_by(served, host) for host in HOSTS} == {"7"}
        assert sweep() == 0
    delivery = Delivery.objects.order_by("-pk").first()
    assert delivery is not None
    assert delivery.cause.startswith("Rendered anew by version 7: ServiceEntry shop/")
    assert delivery.generator_version == "7"
    assert all(f"+    {MARK}" in step.diff for step in delivery.steps.all())
    assert served.tags().count("slice:rendered-anew") == 1
    assert not {"drift:found", "drift:healed"} & set(served.tags())
    assert not Grant.objects.exclude(drifted_at=None).exists()
    assert_chain_is_valid()


def test_it_is_written_where_drift_is_only_flagged_too(served: World) -> None:
    Cluster.objects.update(drift_policy="flag")
    with version(7):
        sweep()
        served.converge()
        assert rendered_by(served) == "7"


def test_a_hand_edit_is_drift_also_under_a_new_version(served: World) -> None:
    entry = served.entry(HOSTS[0])
    assert entry is not None
    served.sandbox.patch(entry, {"spec": {"exportTo": ["*"]}})
    with version(7):
        sweep()
    assert "drift:found" in served.tags()
    assert "slice:rendered-anew" not in served.tags()


def test_a_version_that_renders_the_same_writes_nothing(served: World) -> None:
    steps = DeliveryStep.objects.count()
    with version(7, renders_otherwise=False):
        assert sweep() == 0
        served.converge()
    assert DeliveryStep.objects.count() == steps
    assert set(Slice.objects.values_list("generator_version", flat=True)) == {7}


def test_workers_of_two_versions_do_not_fight(served: World) -> None:
    with version(7):
        sweep()
        served.converge()
    for _ in range(5):
        assert sweep() == 0, "the older one does not even look"
        assert served.converge() == 0
        assert rendered_by(served) == "7"
        with version(7):
            assert sweep() == 0
            served.converge()
    assert Delivery.objects.filter(generator_version="7").count() == 1


def test_an_older_worker_leaves_grants_and_revokes_to_the_newer_ones(served: World) -> None:
    with version(10):
        served.deliver("new.example.com")
    revoked = Grant.objects.get(host=HOSTS[0])
    served.revoke(revoked)
    for number in (9, 2):
        with version(number):
            assert served.converge() == 0
    assert served.entry(HOSTS[0]) is not None
    with version(10):
        served.converge()
    revoked.refresh_from_db()
    assert revoked.confirmed_at is not None
    assert served.entry(HOSTS[0]) is None


def test_versions_are_compared_as_numbers(served: World) -> None:
    Cluster.objects.update(generator_version=9)
    served.approve("new.example.com")
    with version(10):
        assert served.converge() == 1
    assert Cluster.objects.get().generator_version == 10


def test_a_newer_version_that_writes_between_claim_and_write_wins(
    served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(*arguments: object) -> object:
        Cluster.objects.update(generator_version=7)
        return announce(*arguments)  # type: ignore[arg-type]

    served.approve("new.example.com")
    monkeypatch.setattr("egress.services.convergence.deliver.announce", overtaken)
    served.converge()
    assert served.entry("new.example.com") is None
    row = served.slice()
    assert (row.problem_reason, row.attempts) == ("OlderGenerator", 0)
    assert row.wanted > row.done


def test_a_grant_delivered_by_a_new_version_says_that_the_rest_changed_too(served: World) -> None:
    with version(7):
        served.deliver("new.example.com")
    delivery = Delivery.objects.order_by("-pk").first()
    assert delivery is not None
    assert "was approved" in delivery.cause
    assert "Rendered anew by version 7." in delivery.cause


def test_a_new_rendering_that_takes_much_away_is_held(served: World) -> None:
    for number in range(12):
        served.approve(f"api-{number}.example.com")
    served.converge()
    Grant.objects.filter(host__startswith="api-").delete()
    with version(7):
        sweep()
        served.converge()
        assert len(served.hosts()) == 15
        assert served.slice().problem_reason == "Brake"


def test_an_operator_goes_back_to_an_older_version(served: World) -> None:
    with version(7):
        sweep()
        served.converge()
    cluster = Cluster.objects.get()
    assert "allow_older_generator --cluster sandbox" in older_sentence(cluster)
    told = StringIO()
    call_command("allow_older_generator", cluster="sandbox", stdout=told)
    assert "may write" in told.getvalue()
    sweep()
    served.converge()
    assert rendered_by(served) == ""
    event = AuditEvent.objects.get(tag="cluster:older-generator-allowed")
    assert (event.data["before"], event.source) == (7, "command")
    assert "slice:rendered-anew" in served.tags()
    assert "drift:found" not in served.tags()


def test_going_back_is_refused_where_nothing_is_newer(served: World) -> None:
    with pytest.raises(CommandError, match="may write already"):
        call_command("allow_older_generator", cluster="sandbox")
    with pytest.raises(CommandError, match="no cluster"):
        call_command("allow_older_generator", cluster="elsewhere")
