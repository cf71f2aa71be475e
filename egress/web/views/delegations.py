"""Delegations: one's own, and all of them for admins."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from egress.models.standing import Standing
from egress.selectors.delegations import own_delegations, visible_delegations
from egress.services import delegations
from egress.services.errors import Missing
from egress.web.forms.base import PageForm
from egress.web.forms.delegations import AnyDelegationForm, DelegationForm
from egress.web.paging import newest_first
from egress.web.records.who import actor_of, admins_only
from egress.web.standing import standing_in


@login_required
def own(request: HttpRequest) -> HttpResponse:
    """Show what one lends and borrows (GET), or lend one's own scopes (POST)."""
    return _page(request, DelegationForm, is_own=True)


@login_required
@admins_only
def every(request: HttpRequest) -> HttpResponse:
    """Show all delegations (GET), or arrange one for somebody (POST)."""
    return _page(request, AnyDelegationForm, is_own=False)


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a delegation now."""
    standing = standing_in(request)
    found = visible_delegations(standing).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such delegation for you.")
    ended = delegations.revoke_delegation(delegation=found, actor=actor_of(request))
    messages.success(request, f"{ended.delegate} no longer decides for {ended.lender}.")
    mine = standing.person_id in (ended.lender_id, ended.delegate_id)
    return redirect("account-delegations" if mine else "delegations")


def _page(request: HttpRequest, kind: type[PageForm], *, is_own: bool) -> HttpResponse:
    standing = standing_in(request)
    form = kind(request.POST if request.method == "POST" else None)
    if form.is_bound:
        made = form.carry_out(partial(delegations.delegate, actor=actor_of(request)))
        if made:
            messages.success(request, f"{made.delegate} decides for {made.lender} in that time.")
            return redirect(request.path)
    rows = visible_delegations(standing)
    page = newest_first(rows.filter(own_delegations(standing)) if is_own else rows, request)
    context = {
        "form": form,
        "page": page,
        "is_own": is_own,
        "may_lend": not is_own or _lends(standing),
        "now": timezone.now(),
    }
    return render(request, "account/delegations.html", context, status=form.status_now)


def _lends(standing: Standing) -> bool:
    return any(scope.lender_id is None for scope in standing.scopes)
