"""The addresses of the API."""

from django.urls import path, re_path

from egress.api import problems
from egress.api.views import (
    account,
    brake,
    docs,
    foreign,
    grants,
    hardening,
    history,
    owners,
    posture,
    records,
    requests,
    settings,
    webhooks,
)

v1 = "v1/"
NAMESPACE = f"{v1}namespaces/<slug:cluster>/<slug:name>"
urlpatterns = [
    path("", docs.Root.as_view(), name="api-root"),
    path("schema/", docs.Schema.as_view(), name="api-schema"),
    path("docs/", docs.Docs.as_view(), name="api-docs"),
    path(f"{v1}me/", account.Me.as_view()),
    path(f"{v1}tokens/", account.Tokens.as_view()),
    path(f"{v1}tokens/<int:pk>/", account.OneToken.as_view()),
    path(f"{v1}requests/", requests.Requests.as_view()),
    path(f"{v1}requests/<int:pk>/", requests.OneRequest.as_view()),
    path(f"{v1}requests/<int:pk>/approve/", requests.Approve.as_view()),
    path(f"{v1}requests/<int:pk>/deny/", requests.Deny.as_view()),
    path(f"{v1}requests/<int:pk>/withdraw/", requests.Withdraw.as_view()),
    path(f"{v1}requests/<int:pk>/comments/", requests.Comments.as_view()),
    path(f"{v1}grants/", grants.Grants.as_view()),
    path(f"{v1}grants/<int:pk>/", grants.OneGrant.as_view()),
    path(f"{v1}grants/<int:pk>/revoke/", grants.Revoke.as_view()),
    path(f"{v1}grants/<int:pk>/resume/", grants.Resume.as_view()),
    path(f"{v1}grants/<int:pk>/renew/", grants.Renew.as_view()),
    path(f"{v1}clusters/", records.Clusters.as_view()),
    path(f"{v1}clusters/<slug:name>/", records.OneCluster.as_view()),
    path(f"{v1}clusters/<slug:name>/posture/", posture.Posture.as_view()),
    path(f"{v1}clusters/<slug:name>/brake/", brake.Brake.as_view()),
    path(f"{v1}clusters/<slug:name>/brake/release/", brake.Release.as_view()),
    path(f"{v1}clusters/<slug:name>/foreign/", foreign.Foreign.as_view()),
    path(f"{v1}clusters/<slug:name>/foreign/adopt/", foreign.Adopt.as_view()),
    path(f"{v1}clusters/<slug:name>/settings/", settings.ClusterSettings.as_view()),
    path(f"{v1}namespaces/", records.Namespaces.as_view()),
    path(f"{NAMESPACE}/owner/", owners.Owner.as_view()),
    path(
        f"{v1}namespaces/<slug:cluster>/<slug:name>/default-deny/", hardening.DefaultDeny.as_view()
    ),
    path(
        f"{v1}namespaces/<slug:cluster>/<slug:name>/network-policy/",
        hardening.NetworkPolicy.as_view(),
    ),
    path(f"{v1}service-accounts/", records.ServiceAccounts.as_view()),
    path(f"{v1}catalogue/", records.Catalogue.as_view()),
    path(f"{v1}deliveries/", records.Deliveries.as_view()),
    path(f"{v1}audit-events/", records.AuditEvents.as_view()),
    path(f"{v1}access-check/", records.AccessCheck.as_view()),
    path(f"{v1}access-history/", history.AccessHistory.as_view()),
    path(f"{v1}webhooks/", webhooks.Webhooks.as_view()),
    path(f"{v1}webhooks/<int:pk>/", webhooks.OneWebhook.as_view()),
    path(f"{v1}webhooks/<int:pk>/secret/", webhooks.WebhookSecret.as_view()),
    path(f"{v1}webhooks/<int:pk>/test/", webhooks.WebhookTest.as_view()),
    path(f"{v1}webhooks/<int:pk>/messages/", webhooks.WebhookMessages.as_view()),
    path(f"{v1}webhooks/<int:pk>/messages/<int:message>/again/", webhooks.WebhookAgain.as_view()),
    re_path(r"^.*$", problems.not_found),
]
