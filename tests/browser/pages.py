"""Every page of the portal, with the people who look at it.

A new address of the portal needs an entry here: in PAGES when people look at it, in NO_PAGES
when it only takes a form, answers htmx with a piece of a page, hands out a file, or is for
programs.
`test_pages.py` fails until it has one, and proves what NO_PAGES says.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver

from tests.browser.story import Story

NOBODY = ""


@dataclass(frozen=True)
class Stop:
    """One page as one person sees it. `address` names numbers of the story in braces."""

    route: str
    person: str
    address: str
    status: int = 200

    def url(self, story: Story) -> str:
        """Return the address in a portal with this story."""
        return self.address.format(
            requests=story.requests,
            grants=story.grants,
            people=story.people,
            foreign=story.foreign,
        )

    def __str__(self) -> str:
        return f"{self.person or 'nobody'} {self.address}"


MAIN = (
    Stop("home", "dana", "/"),
    Stop("home", "alice", "/"),
    Stop("home", "adam", "/"),
    Stop("sign-in", NOBODY, "/sign-in"),
    Stop("search", "dana", "/search"),
    Stop("search", "dana", "/search?q=parcels"),
    Stop("search", "dana", "/search?q=nowhere-at-all"),
    Stop("request-new", "dana", "/requests/new"),
    Stop(
        "request-new",
        "dana",
        "/requests/new?cluster=sandbox&namespace=data&host=larkfield.s3.amazonaws.com&port=443"
        "&host=10.1.2.3&port=80&reason=Exports",
    ),
    Stop(
        "request-new",
        "pavel",
        "/requests/new?cluster=sandbox&namespace=payments&destinations-0-host=db.example.com"
        "&destinations-0-port=5432&destinations-0-protocol=TCP&destinations-0-alias=old-database"
        "&destinations-0-addresses=203.0.113.20,203.0.113.21&destinations-0-long_lived=on",
    ),
    Stop("request-new", "olga", "/requests/new"),
    Stop("requests", "dana", "/requests"),
    Stop("requests", "alice", "/requests?whose=all"),
    Stop("requests", "dana", "/requests?host=nowhere-at-all"),
    Stop("request-edit", "dana", "/requests/{requests[pending]}/edit"),
    Stop("request", "dana", "/requests/{requests[pending]}"),
    Stop("request", "alice", "/requests/{requests[pending]}"),
    Stop("request", "alice", "/requests/{requests[risky]}"),
    Stop("request", "bob", "/requests/{requests[half]}"),
    Stop("request", "dana", "/requests/{requests[denied]}"),
    Stop("request", "dana", "/requests/{requests[withdrawn]}"),
    Stop("request", "dana", "/requests/{requests[lapsed]}"),
    Stop("request", "dana", "/requests/{requests[active]}"),
    Stop("request", "dana", "/requests/{requests[failing]}"),
    Stop("request", "dana", "/requests/{requests[named]}"),
    Stop("request", "dana", "/requests/{requests[revoked]}"),
    Stop("request", "alice", "/requests/{requests[renewal]}"),
    Stop("queue", "alice", "/queue"),
    Stop("queue", "alice", "/queue?q=nowhere-at-all"),
    Stop("queue", "dana", "/queue"),
    Stop("queue", "bob", "/queue"),
    Stop("request", "bob", "/requests/{requests[opened]}"),
    Stop("request-break-glass", "alice", "/requests/{requests[pending]}/break-glass"),
    Stop("break-glass", "olga", "/break-glass"),
)
RECORDS = (
    Stop("grants", "dana", "/grants"),
    Stop("grants", "olga", "/grants?status=all"),
    Stop("grants", "dana", "/grants?host=nowhere-at-all"),
    Stop("grants-matrix", "dana", "/grants/matrix"),
    Stop("grants-matrix", "olga", "/grants/matrix?status=all"),
    Stop("grants-matrix", "dana", "/grants/matrix?host=nowhere-at-all"),
    Stop("grant", "dana", "/grants/{grants[active]}"),
    Stop("grant", "dana", "/grants/{grants[denied-by-default]}"),
    Stop("grant", "adam", "/grants/{grants[failing]}"),
    Stop("grant", "dana", "/grants/{grants[named]}"),
    Stop("grant", "dana", "/grants/{grants[revoked]}"),
    Stop("grant", "dana", "/grants/{grants[expiring]}"),
    Stop("grant", "olga", "/grants/{grants[expired]}"),
    Stop("grant", "alice", "/grants/{grants[suspended]}"),
    Stop("recertification", "dana", "/recertification"),
    Stop("recertification", "olga", "/recertification"),
    Stop("recertification", "adam", "/recertification?state=confirmed"),
    Stop("recertification", "dana", "/recertification?namespace=nowhere-at-all"),
    Stop("access-check", "dana", "/access"),
    Stop(
        "access-check",
        "dana",
        "/access?cluster=sandbox&namespace=otherns&service_account=sleep-yahoo"
        "&host=developer.yahoo.com&port=443",
    ),
    Stop("access-check", "dana", "/access?cluster=sandbox&namespace=shop&host=no.example&port=x"),
    Stop(
        "access-check", "dana", "/access?cluster=sandbox&namespace=shop&host=example.org&port=443"
    ),
    Stop("access-check", "dana", "/access?cluster=sandbox&namespace=otherns&host=b.org&port=443"),
    Stop("access-history", "dana", "/access/history"),
    Stop(
        "access-history",
        "olga",
        "/access/history?host=developer.yahoo.com&cluster=sandbox&namespace=otherns&port=443",
    ),
    Stop(
        "access-history", "dana", "/access/history?host=*.words.example.com&at=2026-01-01&until=x"
    ),
    Stop("audit", "olga", "/audit"),
    Stop("audit", "dana", "/audit?tag=request%3Asubmitted"),
    Stop("audit", "olga", "/audit?host=nowhere-at-all"),
    Stop("audit", "olga", "/audit?q=sandbox&tag=cluster:&since=2026-01-01"),
    Stop("audit-event", "olga", "/audit/1"),
    Stop("catalogue", "dana", "/catalogue"),
    Stop("catalogue", "adam", "/catalogue"),
    Stop("catalogue", "dana", "/catalogue?q=git%20ssh"),
    Stop("catalogue", "dana", "/catalogue?q=nowhere-at-all"),
    Stop("catalogue-new", "adam", "/catalogue/new"),
    Stop("catalogue-edit", "adam", "/catalogue/stripe/edit"),
)
PLACES = (
    Stop("clusters", "dana", "/clusters"),
    Stop("clusters", "adam", "/clusters"),
    Stop("cluster", "dana", "/clusters/sandbox"),
    Stop("cluster", "adam", "/clusters/sandbox"),
    Stop("cluster-foreign", "dana", "/clusters/sandbox/foreign"),
    Stop("cluster-foreign", "adam", "/clusters/sandbox/foreign?q=nowhere-at-all"),
    Stop("cluster-foreign-adopt", "dana", "/clusters/sandbox/foreign/{foreign[edi-partner]}/adopt"),
    Stop(
        "cluster-foreign-adopt", "adam", "/clusters/sandbox/foreign/{foreign[sftp-partner]}/adopt"
    ),
    Stop("request", "alice", "/requests/{foreign[adoption]}"),
    Stop("cluster-brake", "adam", "/clusters/sandbox/brake"),
    Stop("namespace", "dana", "/clusters/sandbox/namespaces/shop"),
    Stop("namespace", "adam", "/clusters/sandbox/namespaces/otherns"),
    Stop("namespace", "adam", "/clusters/sandbox/namespaces/marketing"),
    Stop("namespace-default-deny", "dana", "/clusters/sandbox/namespaces/data/default-deny"),
    Stop("namespace-default-deny", "adam", "/clusters/sandbox/namespaces/otherns/default-deny"),
    Stop("namespace-network-policy", "dana", "/clusters/sandbox/namespaces/data/network-policy"),
    Stop("namespace-network-policy", "adam", "/clusters/sandbox/namespaces/otherns/network-policy"),
)
PEOPLE = (
    Stop("administration", "adam", "/administration"),
    Stop("owners", "adam", "/administration/owners?owner=none"),
    Stop("owners", "adam", "/administration/owners"),
    Stop("cluster-owners", "adam", "/clusters/sandbox/owners"),
    Stop("people", "adam", "/people"),
    Stop("person-new", "adam", "/people/new"),
    Stop("person", "adam", "/people/{people[alice]}"),
    Stop("person", "adam", "/people/{people[nina]}"),
    Stop("teams", "adam", "/teams"),
    Stop("team-new", "adam", "/teams/new"),
    Stop("team", "adam", "/teams/1"),
    Stop("robots", "dana", "/robots"),
    Stop("robots", "adam", "/robots"),
    Stop("robot", "dana", "/robots/{people[robot]}"),
    Stop("notifications", "dana", "/notifications"),
    Stop("notification", "olga", "/notifications/999999", 404),
    Stop("channels", "adam", "/administration/channels"),
    Stop("channel-new", "adam", "/administration/channels/new"),
    Stop("channel", "adam", "/administration/channels/1"),
    Stop("webhooks", "adam", "/administration/webhooks"),
    Stop("webhook-new", "adam", "/administration/webhooks/new"),
    Stop("webhook", "adam", "/administration/webhooks/1"),
    Stop("rule-books", "adam", "/administration/rule-books"),
    Stop("rule-book", "adam", "/administration/rule-books/1"),
    Stop("rule-book", "olga", "/administration/rule-books/2?replay=1"),
    Stop("account", "dana", "/account"),
    Stop("account", "alice", "/account"),
    Stop("account-delegations", "dana", "/account/delegations"),
    Stop("account-delegations", "alice", "/account/delegations"),
    Stop("delegations", "adam", "/administration/delegations"),
    Stop("password", "dana", "/account/password"),
    Stop("sessions", "dana", "/account/sessions"),
    Stop("mfa_index", "dana", "/account/factors"),
    Stop("mfa_list_webauthn", "dana", "/account/factors/keys"),
    Stop("account_reauthenticate", "dana", "/account/confirm"),
)
ERRORS = (
    Stop("error", "dana", "/people", 403),
    Stop("error", "dana", "/requests/999999", 404),
    Stop("error", "dana", "/nowhere", 404),
    Stop("error", NOBODY, "/nowhere", 404),
    Stop("error", "dana", "/grants/{grants[active]}/revoke", 405),
    Stop("error", "dana", "/requests/{requests[denied]}/edit", 409),
)
API = (Stop("api-docs", "dana", "/api/docs/"),)
STYLE = (Stop("style", "dana", "/style"),)
PAGES = (*MAIN, *RECORDS, *PLACES, *PEOPLE, *ERRORS, *API, *STYLE)

FORMS = {
    "sign-out": "/sign-out",
    "sessions-end": "/account/sessions/end",
    "session-end": "/account/sessions/1/end",
    "request-preview": "/requests/preview",
    "draft-keep": "/requests/drafts",
    "draft-drop": "/requests/drafts/drop",
    "request-decide": "/requests/{requests[pending]}/decide",
    "request-withdraw": "/requests/{requests[pending]}/withdraw",
    "request-comment": "/requests/{requests[pending]}/comment",
    "queue-decide": "/queue/decide",
    "queue-filter-save": "/queue/filters",
    "queue-filter-remove": "/queue/filters/1/remove",
    "queue-row-decide": "/queue/{requests[pending]}/decide",
    "request-second-look": "/requests/{requests[pending]}/second-look",
    "grant-renew": "/grants/{grants[active]}/renew",
    "grant-revoke": "/grants/{grants[active]}/revoke",
    "grant-confirm": "/grants/{grants[active]}/confirm",
    "grant-drop": "/grants/{grants[active]}/drop",
    "grant-resume": "/grants/{grants[active]}/resume",
    "grant-apply": "/grants/{grants[active]}/apply",
    "audit-verify": "/audit/verify",
    "cluster-drift-policy": "/clusters/sandbox/drift",
    "cluster-settings": "/clusters/sandbox/settings",
    "cluster-owners-try": "/clusters/sandbox/owners/try",
    "cluster-posture-look": "/clusters/sandbox/posture/look",
    "cluster-posture-attest": "/clusters/sandbox/posture/attest",
    "cluster-posture-withdraw": "/clusters/sandbox/posture/PF1/withdraw",
    "namespace-owner": "/clusters/sandbox/namespaces/shop/owner",
    "namespace-enforcement": "/clusters/sandbox/namespaces/shop/enforcement",
    "namespace-mesh-hosts": "/clusters/sandbox/namespaces/shop/mesh-hosts",
    "catalogue-retire": "/catalogue/stripe/retire",
    "person-role": "/people/1/role",
    "person-password": "/people/1/password",
    "person-deactivate": "/people/1/deactivate",
    "person-reactivate": "/people/1/reactivate",
    "role-unbind": "/roles/1/unbind",
    "team-role": "/teams/1/role",
    "notifications-read": "/notifications/read",
    "notification-read": "/notifications/1/read",
    "notification-choices": "/account/notifications",
    "channel-test": "/administration/channels/1/test",
    "channel-retire": "/administration/channels/1/retire",
    "webhook-secret": "/administration/webhooks/1/secret",
    "webhook-test": "/administration/webhooks/1/test",
    "webhook-retire": "/administration/webhooks/1/retire",
    "webhook-again": "/administration/webhooks/1/messages/1/again",
    "delegation-revoke": "/delegations/1/revoke",
    "rule-book-new": "/administration/rule-books/new",
    "rule-book-propose": "/administration/rule-books/1/propose",
    "rule-book-force": "/administration/rule-books/1/put-in-force",
    "rule-book-reject": "/administration/rule-books/1/reject",
    "token-new": "/account/tokens",
    "token-revoke": "/account/tokens/1/revoke",
    "robot-new": "/robots/new",
    "robot-close": "/robots/1/close",
    "robot-token-new": "/robots/1/tokens",
    "robot-token-revoke": "/robots/1/tokens/1/revoke",
}
"""Addresses that only take a form: reading them is refused."""
PIECES = {
    "request-options": "/requests/options?of=namespaces",
    "suggestions": "/suggestions?of=namespaces",
    "request-progress": "/requests/{requests[pending]}/progress",
    "queue-row": "/queue/{requests[pending]}",
    "channel-messages": "/administration/channels/1/messages",
    "webhook-messages": "/administration/webhooks/1/messages",
    "style-toast": "/style/toast?tone=good",
}
"""Addresses that answer htmx with a piece of a page."""
FILES = {
    "grants-csv": "/grants.csv",
    "grants-json": "/grants.json",
    "access-history-csv": "/access/history.csv?host=developer.yahoo.com",
    "access-history-ndjson": "/access/history.ndjson?host=developer.yahoo.com",
    "audit-csv": "/audit.csv",
    "audit-ndjson": "/audit.ndjson",
}
"""Addresses that hand out a file."""
PROGRAMS = {"healthz": "/healthz/", "api-root": "/api/", "api-schema": "/api/schema/"}
"""Addresses that answer programs. The API itself has no names here: see `names_of`."""
ALIASES = {"account_login": "/sign-in", "account_logout": "/sign-out"}
"""Second names of addresses, by which a library finds them."""
LATER = {
    "mfa_authenticate": "/sign-in/code",
    "mfa_reauthenticate": "/account/confirm/code",
    "mfa_reauthenticate_webauthn": "/account/confirm/key",
    "mfa_activate_totp": "/account/factors/app",
    "mfa_deactivate_totp": "/account/factors/app/remove",
    "mfa_add_webauthn": "/account/factors/keys/new",
    "mfa_remove_webauthn": "/account/factors/keys/1/remove",
    "mfa_view_recovery_codes": "/account/factors/codes",
    "mfa_generate_recovery_codes": "/account/factors/codes/new",
    "mfa_download_recovery_codes": "/account/factors/codes/download",
    "openid_connect_login": "/sign-in/with/corp",
    "openid_connect_callback": "/sign-in/with/corp/back",
}
"""Steps of signing in, which are pages only for those who took the ones before: test_factors.py
looks at them."""
NO_PAGES = FORMS | PIECES | FILES | PROGRAMS | ALIASES | LATER


def names_of(routes: Iterable[URLPattern | URLResolver], under: str = "") -> set[str]:
    """Return the names of addresses; a whole site counts as one, by its namespace.

    An address without a name is given as it is written, except below `/api/`: what has no name
    there is the API, which renders JSON and nothing else.
    """
    found = set()
    for route in routes:
        place = under + str(route.pattern)
        if isinstance(route, URLResolver) and not route.namespace:
            found |= names_of(route.url_patterns, place)
        elif name := route.namespace if isinstance(route, URLResolver) else route.name:
            found.add(name)
        elif not place.startswith("api/"):
            found.add(place)
    return found


def without_entry(routes: Iterable[URLPattern | URLResolver]) -> set[str]:
    """Return the names of addresses nobody said here what they are."""
    walked = {stop.route for stop in PAGES} | set(NO_PAGES) | {"admin"}
    return names_of(routes) - walked
