"""Which address leads to which page about authority and automation."""

from django.urls import URLPattern, URLResolver, path

from egress.web.views import (
    break_glass,
    delegations,
    owners,
    recertification,
    robots,
    rule_books,
    webhooks,
)

RULE_BOOK = "administration/rule-books/<int:number>"

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
    path("recertification", recertification.recertification, name="recertification"),
    path("grants/<int:pk>/confirm", recertification.confirm, name="grant-confirm"),
    path("grants/<int:pk>/drop", recertification.drop, name="grant-drop"),
    path("robots", robots.robot_list, name="robots"),
    path("robots/new", robots.robot_new, name="robot-new"),
    path("robots/<int:pk>", robots.robot_detail, name="robot"),
    path("robots/<int:pk>/close", robots.close, name="robot-close"),
    path("robots/<int:pk>/tokens", robots.new_token, name="robot-token-new"),
    path(
        "robots/<int:pk>/tokens/<int:token>/revoke", robots.revoke_token, name="robot-token-revoke"
    ),
    path("break-glass", break_glass.opening_list, name="break-glass"),
    path("requests/<int:pk>/break-glass", break_glass.open_at_once, name="request-break-glass"),
    path("requests/<int:pk>/second-look", break_glass.look, name="request-second-look"),
    path("account/delegations", delegations.own, name="account-delegations"),
    path("administration/delegations", delegations.every, name="delegations"),
    path("delegations/<int:pk>/revoke", delegations.revoke, name="delegation-revoke"),
    path("administration/rule-books", rule_books.rule_book_list, name="rule-books"),
    path("administration/rule-books/new", rule_books.rule_book_new, name="rule-book-new"),
    path(RULE_BOOK, rule_books.rule_book, name="rule-book"),
    path(f"{RULE_BOOK}/propose", rule_books.rule_book_propose, name="rule-book-propose"),
    path(f"{RULE_BOOK}/put-in-force", rule_books.rule_book_force, name="rule-book-force"),
    path(f"{RULE_BOOK}/reject", rule_books.rule_book_reject, name="rule-book-reject"),
]
