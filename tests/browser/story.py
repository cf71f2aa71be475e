"""A portal in the middle of its life: requests and grants in every state, made by its people."""

import json
from dataclasses import dataclass
from typing import Any

from egress.domain.naming import base
from tests.e2e.portal import Portal
from tests.servers import wait_until

FOREIGN_HOST = "files.supplier.example.com"
NAMED = {
    "host": "returns.parcels.example.com",
    "port": 80,
    "protocol": "HTTP",
    "tls_origination": True,
    "alias": "returns-partner",
}
TIME_PASSES = """
import json
from types import SimpleNamespace
from django.contrib.auth.models import Group
from django.utils import timezone
from datetime import timedelta
from egress.models import CatalogueEntry, Cluster, ForeignObject, Grant, Person, Recertification
from egress.models import Request
from egress.services import audit, break_glass, catalogue, grants, people, posture
from egress.services import recertification, rule_book
from egress.services import saved_filters, tokens
from egress.services import requests
from egress.services.actor import Actor
from egress.services.adoption.judging import Pin
from egress.services.notifications import channels
from egress.services.webhooks import subscriptions
from egress.services.requests.endings import lapse_overdue
from egress.web.errors import broken

ids = json.loads('''%s''')
now = timezone.now()
adam = Actor.of(Person.objects.get(username="adam"), "command")
dana = Person.objects.get(username="dana")
Request.objects.filter(pk=ids["lapsed"]).update(lapses_at=now)
lapse_overdue(now=now)
Grant.objects.filter(pk=ids["expired"]).update(expires_at=now)
grants.expire_due(now=now)
grants.remind_due(now=now)
held = Grant.objects.get(pk=ids["suspended"])
grants.suspend(grants=[held], reason="The service account was deleted and made again.", actor=adam)
for name in ("active", "named", "needed", "unneeded"):
    Recertification.objects.create(grant_id=ids[name], cycle_days=180, due_at=now)
recertification.tend(now)
recertification.confirm(grant=Grant.objects.get(pk=ids["named"]), reason="Returns go there.",
    actor=Actor.of(dana, "command"))
Recertification.objects.filter(grant=ids["active"]).update(due_at=now + timedelta(days=2))
catalogue.retire(entry=CatalogueEntry.objects.get(name="twilio"), actor=adam)
nina = people.create_person(username="nina", password=None, first_name="Nina",
    last_name="Falk", email="", teams=[], actor=adam)
people.deactivate(person=nina, reason="Left the company.", actor=adam)
rosa = people.create_person(username="rosa", password=None, first_name="Rosa", last_name="Lind",
    email="", teams=Group.objects.filter(name="team-shop"), actor=adam)
rosa.set_password("demo-rosa")
rosa.save(update_fields=["password"])
alice = Person.objects.get(username="alice")
people.bind_role(role="break-glass", person=alice, namespaces="*", actor=adam)
break_glass.open_at_once(request=Request.objects.get(pk=ids["opened"]), revision=1,
    actor=Actor.of(alice, "command"), reason="The card network moved; payments fail for everybody.")
rule_book.draft(actor=adam, text="rules:\\n  - name: broken\\n    then: {deny: 5}\\n")
rules = rule_book.draft(actor=adam, text="rules:\\n  - name: no-paste-sites\\n    when: "
    "{destinations: [paste.example.com]}\\n    then: {deny: Use the internal paste site.}\\n")
rule_book.propose(book=rules, actor=adam)
channel = channels.save(channel=None, actor=adam, name="Operators on call",
    url="jsons://127.0.0.1:9/egress", kinds=["failed", "drift"], namespaces="pay*")
channels.test(channel=channel, actor=adam)
webhook, _ = subscriptions.create(actor=adam, name="Deployment pipeline",
    url="https://ci.larkfield.example/egress", groups=["requests", "grants"])
subscriptions.test(webhook=webhook, actor=adam)
token, _ = tokens.create(owner=dana, name="nightly import", scopes=["read"], days=7,
    actor=Actor.of(dana, "command"))
tokens.revoke(token=token, actor=Actor.of(dana, "command"))
robot = people.create_robot(username="ci-shop", teams=dana.groups.all(),
    actor=Actor.of(dana, "command"))
tokens.create(owner=robot, name="deploy pipeline", scopes=["read", "request"], days=30,
    clusters=["sandbox"], namespaces=["shop"], actor=Actor.of(dana, "command"))
saved_filters.save_filter(name="Two must agree", filters={"risk": "review"},
    actor=Actor.of(alice, "command"))
audit.verify_and_note()
numbers = {"nina": nina.pk, "robot": robot.pk, "alice": alice.pk}
page = broken(SimpleNamespace(request_id="3f1c5a52-0000-4000-8000-1a2b3c4d5e6f")).content.decode()
cluster = Cluster.objects.get()
posture.look(cluster)
listed = {row.name: row for row in ForeignObject.objects.all()}
edi = listed["edi-partner"]
asked = requests.adopt(cluster=cluster, pin=Pin(edi.key, edi.uid, edi.resource_version),
    actor=Actor.of(dana, "command"), reason="The partner was connected by hand.", duration_days=90)
foreign = {"adoption": asked.pk, **{name: row.uid for name, row in listed.items()}}
print("TOLD" + json.dumps({"people": numbers, "foreign": foreign, "broken_page": page}))
"""


@dataclass(frozen=True)
class Story:
    """What happened so far: numbers of requests and grants by what they are an example of.

    `foreign` maps names of foreign objects to their uids, and `adoption` to the number of the
    request for one. `broken_page` is what the portal shows when it fails, which nothing here
    makes it do.
    """

    requests: dict[str, int]
    grants: dict[str, int]
    people: dict[str, int]
    foreign: dict[str, str]
    broken_page: str


def tell(portal: Portal) -> Story:
    """Let the people of the demo work for a while, mostly through the API."""
    put_foreign_entries(portal)
    requests = ask_and_leave(portal)
    grants, approved = ask_and_approve(portal)
    requests |= approved
    wait_for_the_worker(portal, grants)
    # A preview holds only as long as nothing else happens in the namespace.
    switch_default_deny_on(portal, "otherns")
    requests["renewal"] = renew(portal, grants["active"])
    passed = {**grants, **{name: requests[name] for name in ("lapsed", "opened")}}
    printed = portal.manage("shell", "-c", TIME_PASSES % json.dumps(passed)).stdout
    return Story(requests, grants, **json.loads(printed.partition("TOLD")[2]))


def ask(portal: Portal, person: str, namespace: str, *hosts: str, **more: Any) -> int:
    """Submit a request for TLS to `hosts`, for port 443 where none is written."""
    body = {
        "cluster": "sandbox",
        "namespace": namespace,
        "reason": "Orders are handed over to this partner, and their state is read back.",
        "duration_days": 90,
        "destinations": [_destination(host) for host in hosts],
        **more,
    }
    return int(portal.api(person, "POST", "requests/", body, 201)["id"])


def _destination(written: str) -> dict[str, object]:
    host, _, port = written.partition(":")
    return {"host": host, "port": int(port or 443), "protocol": "TLS"}


def ask_and_leave(portal: Portal) -> dict[str, int]:
    """Make requests that nobody approves, and return their numbers."""
    ticket = "https://tickets.larkfield.example/EGRESS-311"
    hosts = ("api.parcels.example.com", "track.parcels.example.com:8443", "eu.parcels.example.com")
    made = {
        "pending": ask(portal, "dana", "shop", *hosts, ticket=ticket),
        "denied": ask(portal, "dana", "data", "paste.public-notes.example.com"),
        "withdrawn": ask(portal, "dana", "search", "spell.words.example.com"),
        "lapsed": ask(portal, "dana", "data", "rates.bank.example.com"),
        "risky": ask(portal, "dana", "data", "larkfield-exports.s3.amazonaws.com", "github.com"),
        "opened": ask(portal, "pavel", "payments", "backup.card-network.example.com"),
        "half": ask(portal, "pavel", "payments", "ip-10-20-3-7.card-network.example.com"),
    }
    text = "Which of the three do you need for the first release?"
    portal.api("alice", "POST", f"requests/{made['pending']}/comments/", {"text": text})
    note = {"revision": 1, "note": "Notes leave the company there. Use the internal board."}
    portal.api("alice", "POST", f"requests/{made['denied']}/deny/", note)
    portal.api("dana", "POST", f"requests/{made['withdrawn']}/withdraw/", {})
    portal.api("alice", "POST", f"requests/{made['half']}/approve/", {"revision": 1})
    return made


def ask_and_approve(portal: Portal) -> tuple[dict[str, int], dict[str, int]]:
    """Make requests that alice approves; return numbers of grants, and of the requests."""
    asked = {
        "active": ask(portal, "dana", "shop", "developers.google.com"),
        "denied-by-default": ask(portal, "dana", "otherns", "developer.yahoo.com"),
        "failing": ask(portal, "dana", "data", FOREIGN_HOST),
        "named": ask(portal, "dana", "shop", destinations=[NAMED]),
        "revoked": ask(portal, "dana", "shop", "old.parcels.example.com"),
        "expiring": ask(portal, "dana", "search", "synonyms.words.example.com", duration_days=3),
        "expired": ask(portal, "dana", "search", "stemmer.words.example.com", duration_days=1),
        "suspended": ask(portal, "dana", "data", "warehouse.example.com"),
        "needed": ask(portal, "dana", "shop", "rates.carriers.example.com"),
        "unneeded": ask(portal, "dana", "shop", "labels.carriers.example.com"),
    }
    return {name: portal.approve(number) for name, number in asked.items()}, asked


def renew(portal: Portal, grant: int) -> int:
    """Ask for more time on a grant and return the number of that request."""
    body = {"duration_days": 30, "reason": "The campaign goes on until spring."}
    return int(portal.api("dana", "POST", f"grants/{grant}/renew/", body, 201)["id"])


def put_foreign_entries(portal: Portal) -> None:
    """Create a ServiceEntry by hand with the very name the portal would use, and a common one."""
    put_foreign_entry(portal, base(FOREIGN_HOST), "data", "another.example")
    put_foreign_entry(portal, "edi-partner", "search", "edi.parcels.example.com")


def put_foreign_entry(portal: Portal, name: str, namespace: str, host: str) -> None:
    """Create a ServiceEntry by hand."""
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "hosts": [host],
            "location": "MESH_EXTERNAL",
            "resolution": "DNS",
            "exportTo": ["."],
            "ports": [{"number": 443, "name": "tls-443", "protocol": "TLS"}],
        },
    }
    address = f"/apis/networking.istio.io/v1/namespaces/{namespace}/serviceentries"
    status, answer = portal.kube(f"{address}?fieldManager=kubectl-create", "POST", body)
    assert status == 201, answer


def switch_default_deny_on(portal: Portal, namespace: str) -> None:
    """Decide as the admin, having looked at the preview."""
    address = f"namespaces/sandbox/{namespace}/default-deny/"
    seen = portal.api("adam", "GET", address)
    body = {"on": True, "reason": "Only what was asked for.", "digest": seen["digest"]}
    portal.api("adam", "PUT", address, body)
    wait_until("default deny is in force", lambda: _is_denied(portal, namespace))


def wait_for_the_worker(portal: Portal, grants: dict[str, int]) -> None:
    """Wait until everything that was decided has come of it what will."""
    for name, grant in grants.items():
        if name not in ("failing", "suspended"):
            portal.wait_for_grant(grant, "active")
    reason = {"reason": "The partner moved to another address."}
    portal.api("dana", "POST", f"grants/{grants['revoked']}/revoke/", reason)
    wait_until("the end is confirmed", lambda: _has(portal, grants["revoked"], "confirmed_gone"))
    wait_until("the failure is told", lambda: _has(portal, grants["failing"], "failed_reason"))


def _has(portal: Portal, grant: int, condition: str) -> bool:
    return bool(portal.api("olga", "GET", f"grants/{grant}/")["conditions"][condition])


def _is_denied(portal: Portal, namespace: str) -> bool:
    listed = portal.api("adam", "GET", f"namespaces/?name={namespace}")["results"]
    return any(one["name"] == namespace and one["default_deny_enforced"] for one in listed)
