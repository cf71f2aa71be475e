"""Made-up data for the parts of the interface. None of it is read from or kept anywhere."""

from datetime import datetime, timedelta
from types import SimpleNamespace

from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message

from egress.domain.access import Destination, Protocol
from egress.domain.lifecycle import GrantStatus
from egress.domain.objects import ObjectKey
from egress.domain.policies.finding import Finding, Level
from egress.models import Cluster, Grant
from egress.selectors.requests import TimelineEntry
from egress.web.forms.base import PageForm
from egress.web.paging import Page
from egress.web.records.audit_facts import Chip
from egress.web.records.conditions import conditions
from egress.web.records.grant_facts import GrantRow

PLACE = "made-up"
"""The name of the cluster and the namespace: nobody should take them for theirs."""
DIFF = """--- live
+++ desired
@@ -7,6 +7,6 @@
 spec:
   hosts:
-  - old.api.example.com
+  - api.example.com
   location: MESH_EXTERNAL
   resolution: DNS
"""
FINDINGS = (
    Finding("HostIsBlocked", "“paste.example.com” may not be reached by anybody.", Level.BLOCK),
    Finding("SharedHost", "“cdn.example.com” serves what anybody puts there.", Level.REVIEW),
    Finding("PlainText", "“http://api.example.com” goes in clear text.", Level.WARN),
    Finding("AlreadyAllowed", "“api.example.com” is allowed already.", Level.INFO),
)
CHIPS = (Chip("Everything", "?", is_on=True), Chip("Requests", "?"), Chip("Grants", "?"))
PAGER: Page[Grant] = Page((), older="?", newer="?")


class SampleForm(PageForm):
    """One field of each kind."""

    host = forms.CharField(help_text="A name, without a path.")
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}))
    duration = forms.ChoiceField(choices=[("30", "30 days"), ("90", "90 days")])
    since = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    scopes = forms.MultipleChoiceField(
        choices=[("read", "Read"), ("ask", "Ask"), ("decide", "Decide")],
        widget=forms.CheckboxSelectMultiple,
    )
    agreed = forms.BooleanField(label="I have read this")


def refused_form() -> SampleForm:
    """Return a form with a mistake in each field: what was typed is still in it."""
    typed = {"host": "https://api.example.com/", "duration": "30"}
    form = SampleForm(typed, auto_id="refused_%s")
    form.add_error("host", "“https://api.example.com/” is a URL. Type the host alone.")
    form.add_error(None, "Somebody changed this meanwhile. Look at it and send it again.")
    return form


def happenings(now: datetime) -> list[TimelineEntry]:
    """Return a line of a timeline for each kind of thing that happens."""
    told = (
        ("request:submitted", "Asked for made-up -> api.example.com:443 TLS", "The shop needs it."),
        ("request:commented", "Commented", "Which team runs it?"),
        ("request:approved", "Approved", ""),
        ("grant:activated", "In force in the cluster made-up", ""),
        ("drift:found", "Somebody changed ServiceEntry made-up/api-example-com by hand", ""),
        ("grant:revoked", "Revoked", "The partner moved."),
    )
    actors = ("dana", "alice", "alice", "worker", "worker", "dana")
    return [
        TimelineEntry(now - timedelta(hours=30 - 5 * hour), actor, text, tag, note)
        for hour, ((tag, text, note), actor) in enumerate(zip(told, actors, strict=True))
    ]


def objects() -> tuple[ObjectKey, ...]:
    """Return keys of objects, the last one without a namespace."""
    return (
        ObjectKey("networking.istio.io/v1", "ServiceEntry", PLACE, "api-example-com"),
        ObjectKey("security.istio.io/v1", "AuthorizationPolicy", PLACE, "doors"),
        ObjectKey("v1", "Namespace", "", PLACE),
    )


def grant_rows(now: datetime) -> list[GrantRow]:
    """Return a row for each state a grant may be in."""
    day = timedelta(days=1)
    grants = (
        _grant(now, "api.example.com", applied_at=now, active_at=now - day, expires_at=now + day),
        _grant(now, "new.example.com", status=GrantStatus.PENDING, duration_days=90),
        _grant(now, "broken.example.com", failed_reason="Forbidden", failed_message="Not allowed."),
        _grant(now, "odd.example.com", applied_at=now, active_at=now, drifted_at=now),
        _grant(now, "held.example.com", status=GrantStatus.SUSPENDED, active_at=now - 3 * day),
        _grant(now, "old.example.com", status=GrantStatus.REVOKED, ended_at=now - day),
    )
    return [GrantRow(grant, conditions(grant, is_enforced=False)) for grant in grants]


def _grant(now: datetime, host: str, **changes: object) -> Grant:
    facts = {"namespace": PLACE, "host": host, "port": 443, "protocol": Protocol.TLS, "pk": 0}
    facts |= {"status": GrantStatus.ACTIVE, "created_at": now, "cluster": Cluster(name=PLACE)}
    return Grant(**{**facts, **changes})


def destination() -> Destination:
    """Return a destination with everything that can be said of one."""
    return Destination(
        "db.example.com",
        5432,
        Protocol.TCP,
        tls_origination=True,
        addresses=("203.0.113.20",),
        alias="old-database",
    )


def messages() -> tuple[Message, ...]:
    """Return what a page says above its content after something was done."""
    return (
        Message(constants.SUCCESS, "Request 0 is sent. Somebody who may decide it was told."),
        Message(constants.INFO, "Nothing was changed."),
        Message(constants.WARNING, "It is decided, but the cluster cannot be reached."),
        Message(constants.ERROR, "It was not sent: the host is blocked."),
    )


def frame(now: datetime) -> SimpleNamespace:
    """Return what the banners of a page are about."""
    gone = Cluster(name=PLACE, reached_at=now - timedelta(hours=2), problem="No route to host.")
    return SimpleNamespace(sandbox="Cluster made-up is for trying the portal.", unreachable=[gone])
