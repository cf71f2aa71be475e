"""Webhooks, for admins."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from egress.models import Outgoing, Webhook
from egress.selectors.webhooks import all_webhooks, latest_calls
from egress.services.errors import Missing
from egress.services.webhooks import subscriptions
from egress.web.forms.webhooks import WebhookForm
from egress.web.progress import STOP_POLLING
from egress.web.records.history import history_of
from egress.web.records.who import actor_of, admins_only


@login_required
@admins_only
@require_safe
def webhook_list(request: HttpRequest) -> HttpResponse:
    """List the webhooks."""
    return render(request, "webhooks/list.html", {"webhooks": all_webhooks()})


@login_required
@admins_only
@never_cache
def webhook_new(request: HttpRequest) -> HttpResponse:
    """Add a webhook, and show its secret in this one answer and never again."""
    form = WebhookForm(request.POST or None, webhook=None)
    if request.method == "POST":
        made = form.carry_out(partial(subscriptions.create, actor=actor_of(request)))
        if made:
            return _show(request, made[0], secret=made[1])
    return render(request, "webhooks/new.html", {"form": form}, status=form.status_now)


@login_required
@admins_only
def webhook_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a webhook (GET), or change it, which brings a retired one back (POST)."""
    webhook = _webhook(pk)
    if request.method != "POST":
        return _show(request, webhook)
    form = WebhookForm(request.POST, webhook=webhook)
    deed = partial(subscriptions.change, webhook=webhook, actor=actor_of(request))
    if form.carry_out(deed) is None:
        return _show(request, webhook, form=form)
    messages.success(request, "The webhook is saved. Try it to be sure that it works.")
    return redirect("webhook", pk=pk)


@login_required
@admins_only
@never_cache
@require_POST
def webhook_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the secret, and show the new one in this one answer and never again."""
    changed = subscriptions.rotate_secret(webhook=_webhook(pk), actor=actor_of(request))
    return _show(request, changed[0], secret=changed[1])


@login_required
@admins_only
@require_POST
def webhook_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the worker call it with a test event."""
    webhook = _webhook(pk)
    subscriptions.test(webhook=webhook, actor=actor_of(request))
    messages.success(request, f"A test event is on its way to {webhook.name}.")
    return redirect("webhook", pk=pk)


@login_required
@admins_only
@require_POST
def webhook_again(request: HttpRequest, pk: int, message: int) -> HttpResponse:
    """Let the worker send a message once more."""
    webhook = _webhook(pk)
    subscriptions.send_again(webhook=webhook, message=message, actor=actor_of(request))
    messages.success(request, f"The event is on its way to {webhook.name} again.")
    return redirect("webhook", pk=pk)


@login_required
@admins_only
@require_POST
def webhook_retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Call it no more."""
    webhook = subscriptions.retire(webhook=_webhook(pk), actor=actor_of(request))
    messages.success(request, f"{webhook.name} is retired: it is called no more.")
    return redirect("webhooks")


@login_required
@admins_only
@require_safe
def webhook_messages(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer htmx with the latest messages, until none of them is on its way."""
    context = _messages_of(_webhook(pk))
    status = 200 if context["is_moving"] else STOP_POLLING
    return render(request, "webhooks/_messages.html", context, status=status)


def _webhook(pk: int) -> Webhook:
    webhook = all_webhooks().filter(pk=pk).first()
    if webhook is None:
        raise Missing("There is no such webhook. Look at the list of webhooks.")
    return webhook


def _messages_of(webhook: Webhook) -> dict[str, object]:
    latest = latest_calls(webhook)
    waiting = any(row.status == Outgoing.Status.WAITING for row in latest)
    return {"webhook": webhook, "latest": latest, "is_moving": waiting and webhook.is_active}


def _show(
    request: HttpRequest, webhook: Webhook, *, form: WebhookForm | None = None, secret: str = ""
) -> HttpResponse:
    shown = form or WebhookForm(initial=_initial(webhook), webhook=webhook)
    context = {
        **_messages_of(webhook),
        "form": shown,
        "secret": secret,
        "timeline": history_of("webhook", webhook.pk),
    }
    return render(request, "webhooks/detail.html", context, status=shown.status_now)


def _initial(webhook: Webhook) -> dict[str, object]:
    return {name: getattr(webhook, name) for name in ("name", "groups", "cluster", "namespaces")}
