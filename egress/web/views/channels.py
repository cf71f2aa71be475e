"""Channels of the company, for admins."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from egress.models import Channel, Outgoing
from egress.selectors.notifications import all_channels, latest_messages, undelivered_mail
from egress.services.errors import Missing
from egress.services.notifications import channels
from egress.web.forms.notifications import ChannelForm
from egress.web.progress import STOP_POLLING
from egress.web.records.history import history_of
from egress.web.records.who import actor_of, admins_only


@login_required
@admins_only
@require_safe
def channel_list(request: HttpRequest) -> HttpResponse:
    """List the channels, and the mails that could not be delivered."""
    context = {"channels": all_channels(), "undelivered": undelivered_mail()}
    return render(request, "channels/list.html", context)


@login_required
@admins_only
def channel_new(request: HttpRequest) -> HttpResponse:
    """Add a channel."""
    return _edit(request, None)


@login_required
@admins_only
def channel_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a channel (GET), or change it, which brings a retired one back (POST)."""
    return _edit(request, _channel(pk))


@login_required
@admins_only
@require_POST
def channel_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the worker send a message that says it is a test."""
    channel = _channel(pk)
    channels.test(channel=channel, actor=actor_of(request))
    messages.success(request, f"A test message is on its way to {channel.name}.")
    return redirect("channel", pk=pk)


@login_required
@admins_only
@require_POST
def channel_retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Send nothing more to a channel."""
    channel = channels.retire(channel=_channel(pk), actor=actor_of(request))
    messages.success(request, f"{channel.name} is retired: it gets no more messages.")
    return redirect("channels")


@login_required
@admins_only
@require_safe
def channel_messages(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer htmx with the latest messages, until none of them is on its way."""
    context = _messages_of(_channel(pk))
    status = 200 if context["is_moving"] else STOP_POLLING
    return render(request, "channels/_messages.html", context, status=status)


def _channel(pk: int) -> Channel:
    channel = all_channels().filter(pk=pk).first()
    if channel is None:
        raise Missing("There is no such channel. Look at the list of channels.")
    return channel


def _messages_of(channel: Channel) -> dict[str, object]:
    """Return what the part of the page shows that asks again by itself."""
    latest = latest_messages(channel)
    waiting = any(row.status == Outgoing.Status.WAITING for row in latest)
    return {"channel": channel, "latest": latest, "is_moving": waiting and channel.is_active}


def _edit(request: HttpRequest, channel: Channel | None) -> HttpResponse:
    """Show the form of a channel, or save it."""
    if request.method == "POST":
        form = ChannelForm(request.POST, channel=channel)
        saved = form.carry_out(partial(channels.save, channel=channel, actor=actor_of(request)))
        if saved:
            messages.success(request, f"{saved.name} is saved. Try it to be sure that it works.")
            return redirect("channel", pk=saved.pk)
    else:
        form = ChannelForm(initial=_initial(channel) if channel else None, channel=channel)
    context: dict[str, object] = {"channel": channel, "form": form}
    if channel:
        context |= _messages_of(channel) | {"timeline": history_of("channel", channel.pk)}
    return render(request, "channels/detail.html", context, status=form.status_now)


def _initial(channel: Channel) -> dict[str, object]:
    plain = ("name", "kinds", "cluster", "namespaces")
    return {name: getattr(channel, name) for name in plain}
