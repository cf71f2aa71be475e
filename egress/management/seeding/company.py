"""Clusters, namespaces, teams and people of the company."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import Group

from egress.domain.access import Enforcement
from egress.management.seeding.bulk import continue_numbering, next_key, store
from egress.models import Cluster, Namespace, Person, Role, RoleBinding, ServiceAccount

ADMIN, AUDITOR, APPROVER, DEVELOPER = "large-admin", "large-auditor", "large-approver", "large-dev"
"""People with the same names in every such company: one for each way to look at it."""
NARROW_SCOPE = "pay*"
CLUSTERS = (
    ("eu-west", Enforcement.SIDECAR),
    ("us-east", Enforcement.GATEWAY),
    ("ap-south", Enforcement.SIDECAR),
    ("staging", Enforcement.SIDECAR),
)
AREAS = (
    *("pay", "shop", "search", "media", "identity", "billing", "orders", "stock", "mail"),
    *("maps", "reports", "risk", "chat", "ads", "loans", "cards", "tax", "travel", "video", "data"),
)
PARTS = ("api", "web", "jobs", "cache", "edge", "feed", "sync", "store")
ACCOUNTS = ("default", "web", "worker")


@dataclass(frozen=True)
class Home:
    """A namespace as the history needs it: the row, its service accounts' uids, its people."""

    row: Namespace
    cluster: Cluster
    accounts: dict[str, str]
    people: list[Person]


@dataclass(frozen=True)
class Company:
    """Who and what there is. `homes` come with how busy each is, the busiest first."""

    homes: list[Home]
    busy: list[float]
    approvers: list[str]


def uid(rng: random.Random) -> str:
    """Return a uid as Kubernetes gives it."""
    return str(UUID(int=rng.getrandbits(128), version=4))


def make_company(rng: random.Random, namespaces: int, now: datetime) -> Company:
    """Store the company and return it. Every namespace has a team, every team some people."""
    clusters = _clusters(rng, now)
    teams = _teams(max(4, namespaces // 8))
    members = _people(teams, now)
    homes = list(_homes(rng, clusters, teams, members, namespaces, now))
    store(Namespace, [home.row for home in homes])
    store(ServiceAccount, list(_accounts(homes, now)))
    approvers = _roles(clusters)
    continue_numbering(
        [Cluster, Group, Person, Namespace, ServiceAccount, RoleBinding, Person.groups.through]
    )
    rng.shuffle(homes)
    return Company(homes, [1 / (rank + 3) ** 0.7 for rank in range(len(homes))], approvers)


def _clusters(rng: random.Random, now: datetime) -> list[Cluster]:
    first = next_key(Cluster)
    made = [
        Cluster(
            pk=first + number,
            name=name,
            enforcement=enforcement,
            uid=uid(rng),
            credentials=b"",
            istio_version="1.29.0",
            kubernetes_version="1.34",
            mesh={"dns_capture": True},
            connected_at=now,
            inventory_at=now,
            reached_at=now,
            swept_at=now,
        )
        for number, (name, enforcement) in enumerate(CLUSTERS)
    ]
    store(Cluster, made)
    return made


def _teams(count: int) -> list[Group]:
    first = next_key(Group)
    made = [
        Group(pk=first + number, name=f"team-{AREAS[number % len(AREAS)]}-{number // len(AREAS)}")
        for number in range(count)
    ]
    store(Group, made)
    return made


def _people(teams: list[Group], now: datetime) -> dict[int, list[Person]]:
    """Store the people: five for each team, and those with fixed names. Return them by team."""
    names = [ADMIN, AUDITOR, APPROVER, DEVELOPER]
    names += [f"person-{number}" for number in range(5 * len(teams) - 1)]
    first = next_key(Person)
    people = [
        Person(
            pk=first + number,
            username=name,
            password="!",  # noqa: S106 (no password fits it)
            email=f"{name}@example.com",
            date_joined=now,
        )
        for number, name in enumerate(names)
    ]
    store(Person, people)
    members: dict[int, list[Person]] = {team.pk: [] for team in teams}
    for number, person in enumerate(people[3:]):
        members[teams[number % len(teams)].pk].append(person)
    through = Person.groups.through
    pairs = [(team, person.pk) for team, them in members.items() for person in them]
    key = next_key(through)
    store(through, [through(pk=key + n, group_id=t, person_id=p) for n, (t, p) in enumerate(pairs)])
    return members


def _homes(
    rng: random.Random,
    clusters: list[Cluster],
    teams: list[Group],
    members: dict[int, list[Person]],
    count: int,
    now: datetime,
) -> Iterator[Home]:
    first = next_key(Namespace)
    for number in range(count):
        cluster, team = clusters[number % len(clusters)], teams[number % len(teams)]
        area = team.name.split("-")[1]
        row = Namespace(
            pk=first + number,
            cluster=cluster,
            name=f"{area}-{PARTS[number % len(PARTS)]}-{number}",
            uid=uid(rng),
            injected=True,
            pods=rng.randint(1, 40),
            owner_label=team.name,
            default_deny=number % 3 > 0,
            default_deny_enforced=number % 3 > 0,
            seen_at=now,
        )
        yield Home(row, cluster, {name: uid(rng) for name in ACCOUNTS}, members[team.pk])


def _accounts(homes: list[Home], now: datetime) -> Iterator[ServiceAccount]:
    key = next_key(ServiceAccount)
    for home in homes:
        for name, account in home.accounts.items():
            yield ServiceAccount(
                pk=key, namespace_id=home.row.pk, name=name, uid=account, seen_at=now
            )
            key += 1


def _roles(clusters: list[Cluster]) -> list[str]:
    """Bind the roles and return the names of who approves."""
    named = {person.username: person for person in Person.objects.filter(username__in=_HOLDERS)}
    RoleBinding.objects.create(person=named[ADMIN], role=Role.ADMIN)
    RoleBinding.objects.create(person=named[AUDITOR], role=Role.AUDITOR)
    RoleBinding.objects.create(
        person=named[APPROVER], role=Role.APPROVER, cluster=clusters[0], namespaces=NARROW_SCOPE
    )
    everywhere = [person for name, person in sorted(named.items()) if name.startswith("person-")]
    for person in everywhere:
        RoleBinding.objects.create(person=person, role=Role.APPROVER)
    return [person.username for person in everywhere]


_HOLDERS = (ADMIN, AUDITOR, APPROVER, *(f"person-{number}" for number in range(3)))
