"""A small company around one person, and how to name what is theirs, their team's and others'.

- own: asked for, made or lent by the person themself; where it has a place, in `shop`
- team: of `team-shop`, which owns namespace `shop` of cluster `main`, but somebody else's
- foreign: of `team-bank`, which owns namespace `bank` of another cluster, `far`
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus
from egress.models import (
    ApiToken,
    Channel,
    Cluster,
    ForeignObject,
    Namespace,
    Notification,
    Outgoing,
    Person,
    RuleBook,
    SavedFilter,
    SignIn,
    Webhook,
)
from egress.services import audit
from egress.services.audit import Tag
from egress.services.credentials import seal
from egress.services.people import create_robot
from tests import factories as make
from tests.matrix.people import ROBOT, somebody

OBJECTS = ("own", "team", "foreign")
RULES = "rules: []\n"


@dataclass
class World:
    """What addresses and bodies of the matrix can name. `of` maps a kind to its objects."""

    who: Person | None
    main: Cluster
    shop: Namespace
    bank: Namespace
    of: dict[str, dict[str, Any]] = field(default_factory=dict)

    def the(self, kind: str, whose: str) -> Any:
        """Return an object of a kind; one that is nobody's when there is no other."""
        rows = self.of[kind]
        return rows.get(whose) or rows["foreign"]

    def place(self, whose: str) -> Namespace:
        """Return the namespace that objects lie in."""
        return self.bank if whose == "foreign" else self.shop


def world_around(name: str) -> World:
    """Return the company with the person called `name` in it."""
    main, far = make.cluster("main"), make.cluster("far")
    shop = make.namespace(main, "shop", owner="team-shop", accounts=("web",))
    make.namespace(main, "payments", owner="team-payments")
    bank = make.namespace(far, "bank", owner="team-bank", accounts=("web",))
    world = World(None, main, shop, bank)
    boss = make.admin("boss")
    make.approver("judge")  # or nobody could decide what is asked for, and so nothing could be
    if name == ROBOT:
        teams = [make.team("team-shop")]
        world.who = create_robot(username=ROBOT, teams=teams, actor=make.actor(boss))
    else:
        world.who = somebody(name, main)
    colleague = make.person("colleague", teams=["team-shop"])
    banker = make.person("banker", teams=["team-bank"])
    _access(world, colleague, banker)
    _afterwards(world, colleague, banker)
    _people(world, boss)
    _personal(world, colleague, banker)
    _administered(world, boss)
    return world


def _askers(world: World, colleague: Person, banker: Person) -> dict[str, Person]:
    return {"own": world.who or colleague, "team": colleague, "foreign": banker}


def _access(world: World, colleague: Person, banker: Person) -> None:
    kinds = ("request", "grant", "suspended", "drifted", "foreign_object", "event")
    world.of |= {kind: {} for kind in kinds}
    for whose, asker in _askers(world, colleague, banker).items():
        at = world.place(whose)
        world.of["request"][whose] = asked = make.request(at, asker, f"{whose}.example.com")
        for kind, status in (
            ("grant", "active"),
            ("suspended", "suspended"),
            ("drifted", "active"),
        ):
            drift = {"drifted_at": timezone.now()} if kind == "drifted" else {}
            world.of[kind][whose] = make.grant(
                at, asker, f"{kind}.{whose}.example.com", status=GrantStatus(status), **drift
            )
        world.of["event"][whose] = audit.record(
            tag=Tag.REQUEST_SUBMITTED,
            actor=make.actor(asker),
            target="request",
            target_id=asked.pk,
            cluster=at.cluster.name,
            namespace=at.name,
            message="Asked.",
        )
        world.of["foreign_object"][whose] = ForeignObject.objects.create(
            cluster=at.cluster,
            api_version="networking.istio.io/v1",
            kind="ServiceEntry",
            namespace=at.name,
            name=f"{whose}-partner",
            uid=f"uid-{whose}",
            resource_version="1",
            hosts=["partner.example.com"],
            serves=[at.name],
            adoptable=True,
        )


def _afterwards(world: World, colleague: Person, banker: Person) -> None:
    """What was opened by somebody else and awaits its second look, and what owners are asked."""
    opener = make.person("opener")
    world.of |= {"opened": {}, "asked_about": {}}
    for whose, asker in _askers(world, colleague, banker).items():
        at = world.place(whose)
        hasty = make.grant(at, asker, f"hasty.{whose}.example.com")
        make.opening(hasty.request, opener)
        world.of["opened"][whose] = hasty.request
        world.of["asked_about"][whose] = make.grant(at, asker, f"old.{whose}.example.com")
        make.asked_about(world.of["asked_about"][whose])


def _people(world: World, boss: Person) -> None:
    make_robot = {
        whose: create_robot(username=f"ci-{team}", teams=[make.team(team)], actor=make.actor(boss))
        for whose, team in (("team", "team-shop"), ("foreign", "team-bank"))
    }
    world.of["robot"] = {**make_robot, "own": make_robot["team"]}
    world.of["robot_token"] = {whose: _token(robot) for whose, robot in make_robot.items()}
    world.of["robot_token"]["own"] = world.of["robot_token"]["team"]
    world.of["person"] = {"foreign": make.person("neighbour")}
    world.of["closed"] = {"foreign": make.person("gone", is_active=False)}
    world.of["binding"] = {"foreign": make.role(make.person("holder"), "auditor")}
    world.of["group"] = {"foreign": make.team("team-bank")}


def _personal(world: World, colleague: Person, banker: Person) -> None:
    now = timezone.now()
    lender = make.approver("lender", cluster=make.cluster("away"))
    kinds = ("token", "session", "notification", "filter", "delegation")
    world.of |= {kind: {} for kind in kinds}
    whose = {"own": world.who or colleague, "foreign": banker}
    for kind, person in whose.items():
        session = Session.objects.create(
            session_key=f"key-{kind}", session_data="", expire_date=now + timedelta(days=1)
        )
        world.of["session"][kind] = SignIn.objects.create(
            person=person,
            began_at=now,
            used_at=now,
            session_key=session.session_key,
            way="password",
        )
        asked = world.of["request"][kind]
        world.of["notification"][kind] = Notification.objects.create(
            person=person,
            event=world.of["event"][kind].pk,
            kind="decided",
            about=f"request:{asked.pk}",
            title="x",
            link=f"/requests/{asked.pk}",
            created_at=now,
        )
        world.of["filter"][kind] = SavedFilter.objects.create(
            person=person, name="mine", query="sort=oldest"
        )
        world.of["token"][kind] = _token(person)
    if world.who is not None:
        world.of["delegation"]["own"] = make.delegation(world.who, banker)
        world.of["delegation"]["team"] = make.delegation(lender, world.who)
    world.of["delegation"]["foreign"] = make.delegation(lender, banker)


def _token(owner: Person) -> ApiToken:
    digest = f"{owner}-{make.number()}"
    return ApiToken.objects.create(
        owner=owner, name="x", prefix="egp_", digest=digest, created_at=timezone.now()
    )


def _administered(world: World, boss: Person) -> None:
    now = timezone.now()
    common = {"sealed_url": seal("https://chat.example.com/x"), "shown": "https://chat.example.com"}
    channel = Channel.objects.create(name="chat", kinds=["decided"], **common)
    webhook = Webhook.objects.create(
        name="ci", groups=["requests"], sealed_secret=seal("whsec_" + "a" * 32), **common
    )
    message = Outgoing.objects.create(
        key="m", webhook=webhook, status="given-up", created_at=now, due_at=now
    )
    books = [
        RuleBook.objects.create(number=number, text=RULES, author=boss, created_at=now)
        for number in (1, 2)
    ]
    books[1].state, books[1].digest = RuleBook.State.PROPOSED, "0" * 64
    books[1].proposed_by, books[1].proposed_at = boss, now
    books[1].save()
    preset = make.preset(None, "preset.example.com")
    rows = {"channel": channel, "webhook": webhook, "message": message, "preset": preset}
    rows |= {"draft": books[0], "proposal": books[1]}
    world.of |= {kind: {"foreign": row} for kind, row in rows.items()}
