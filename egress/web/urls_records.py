"""Which address leads to which record or administration page."""

from django.urls import URLPattern, URLResolver, path

from egress.admin import site
from egress.web.views import (
    access,
    account,
    audit,
    catalogue,
    clusters,
    grants,
    namespaces,
    people,
    teams,
)

NAMESPACE = "clusters/<slug:name>/namespaces/<slug:namespace>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("grants", grants.grant_list, name="grants"),
    path("grants.csv", grants.grant_csv, name="grants-csv"),
    path("grants.json", grants.grant_json, name="grants-json"),
    path("grants/<int:pk>", grants.grant_detail, name="grant"),
    path("grants/<int:pk>/renew", grants.renew, name="grant-renew"),
    path("grants/<int:pk>/revoke", grants.revoke, name="grant-revoke"),
    path("grants/<int:pk>/resume", grants.resume, name="grant-resume"),
    path("access", access.check, name="access-check"),
    path("audit", audit.event_list, name="audit"),
    path("audit.csv", audit.event_csv, name="audit-csv"),
    path("audit.ndjson", audit.event_ndjson, name="audit-ndjson"),
    path("audit/verify", audit.verify, name="audit-verify"),
    path("audit/<int:sequence>", audit.event_detail, name="audit-event"),
    path("clusters", clusters.cluster_list, name="clusters"),
    path("clusters/<slug:name>", clusters.cluster_detail, name="cluster"),
    path("clusters/<slug:name>/drift", clusters.drift_policy, name="cluster-drift-policy"),
    path(NAMESPACE, namespaces.namespace_detail, name="namespace"),
    path(f"{NAMESPACE}/default-deny", namespaces.default_deny, name="namespace-default-deny"),
    path(f"{NAMESPACE}/owner", namespaces.owner, name="namespace-owner"),
    path(f"{NAMESPACE}/enforcement", namespaces.enforcement, name="namespace-enforcement"),
    path("catalogue", catalogue.entry_list, name="catalogue"),
    path("catalogue/new", catalogue.entry_new, name="catalogue-new"),
    path("catalogue/<slug:name>/edit", catalogue.entry_edit, name="catalogue-edit"),
    path("catalogue/<slug:name>/retire", catalogue.entry_retire, name="catalogue-retire"),
    path("administration", people.administration, name="administration"),
    path("administration/rows/", site.urls),
    path("people", people.person_list, name="people"),
    path("people/new", people.person_new, name="person-new"),
    path("people/<int:pk>", people.person_detail, name="person"),
    path("people/<int:pk>/role", people.bind_role, name="person-role"),
    path("people/<int:pk>/password", people.set_password, name="person-password"),
    path("people/<int:pk>/deactivate", people.deactivate, name="person-deactivate"),
    path("people/<int:pk>/reactivate", people.reactivate, name="person-reactivate"),
    path("roles/<int:pk>/unbind", people.unbind_role, name="role-unbind"),
    path("teams", teams.team_list, name="teams"),
    path("teams/new", teams.team_new, name="team-new"),
    path("teams/<int:pk>", teams.team_detail, name="team"),
    path("teams/<int:pk>/role", teams.bind_role, name="team-role"),
    path("account", account.account, name="account"),
    path("account/password", account.Password.as_view(), name="password"),
    path("account/tokens", account.new_token, name="token-new"),
    path("account/tokens/<int:pk>/revoke", account.revoke_token, name="token-revoke"),
]
