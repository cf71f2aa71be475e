"""What the portal tells one person: the list, and reading it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from egress.selectors.notifications import visible_notifications
from egress.services.errors import Missing
from egress.services.notifications import inbox
from egress.web.paging import newest_first, typed_key
from egress.web.records.who import actor_of
from egress.web.standing import standing_in
from egress.web.views.account import choices_form, show_account


@login_required
@require_safe
def notification_list(request: HttpRequest) -> HttpResponse:
    """List what the person was told, newest first; `?unread=1` leaves out what was read."""
    rows = visible_notifications(standing_in(request))
    only_unread = request.GET.get("unread") == "1"
    page = newest_first(rows.filter(read_at=None) if only_unread else rows, request)
    context = {
        "page": page,
        "only_unread": only_unread,
        "newest": page.rows[0].pk if page.rows else 0,
        "has_unread": any(row.read_at is None for row in page.rows),
    }
    return render(request, "notifications/list.html", context)


@login_required
@never_cache
@require_safe
def notification(request: HttpRequest, pk: int) -> HttpResponse:
    """Lead to what a notification is about, and take it as read."""
    told = visible_notifications(standing_in(request)).filter(pk=pk).first()
    if told is None:
        raise Missing("There is no such notification among yours.")
    inbox.mark_read(pk=pk, actor=actor_of(request))
    return redirect(told.link)


@login_required
@require_POST
def mark_read(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one as read, and stay with the list."""
    inbox.mark_read(pk=pk, actor=actor_of(request))
    only_unread = "?unread=1" if request.GET.get("unread") == "1" else ""
    return redirect(f"{reverse('notifications')}{only_unread}")


@login_required
@require_POST
def mark_all_read(request: HttpRequest) -> HttpResponse:
    """Take all as read that were there when the list was shown."""
    upto = typed_key(request.POST.get("upto", ""))
    count = inbox.mark_all_read(actor=actor_of(request), upto=upto or 0)
    if count:
        messages.success(request, "All notifications are read.")
    return redirect("notifications")


@login_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Store how the person wants to be told."""
    form = choices_form(request, request.POST)

    def deed(digest_hour: int, **ways: str) -> bool:
        inbox.choose(actor=actor_of(request), ways=ways, digest_hour=digest_hour)
        return True

    if not form.carry_out(deed):
        return show_account(request, choices=form, status=form.http_status)
    messages.success(request, "Saved. From now on you are told this way.")
    return redirect("account")
