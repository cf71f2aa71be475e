"""Which address leads to which page about authority and automation."""

from django.urls import URLPattern, URLResolver, path

from egress.web.views import owners, webhooks

urlpatterns: list[URLPattern | URLResolver] = [
    path("administration/webhooks", webhooks.webhook_list, name="webhooks"),
    path("administration/webhooks/new", webhooks.webhook_new, name="webhook-new"),
    path("administration/webhooks/<int:pk>", webhooks.webhook_detail, name="webhook"),
    path("administration/webhooks/<int:pk>/secret", webhooks.webhook_secret, name="webhook-secret"),
    path("administration/webhooks/<int:pk>/test", webhooks.webhook_test, name="webhook-test"),
    path("administration/webhooks/<int:pk>/retire", webhooks.webhook_retire, name="webhook-retire"),
    path(
        "administration/webhooks/<int:pk>/messages",
        webhooks.webhook_messages,
        name="webhook-messages",
    ),
    path(
        "administration/webhooks/<int:pk>/messages/<int:message>/again",
        webhooks.webhook_again,
        name="webhook-again",
    ),
    path("administration/owners", owners.owner_list, name="owners"),
    path("clusters/<slug:name>/owners", owners.cluster_owners, name="cluster-owners"),
    path("clusters/<slug:name>/owners/try", owners.try_review, name="cluster-owners-try"),
]
