"""Robots: accounts of pipelines, for the people of their teams."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from egress.models import Person
from egress.selectors.people import tokens_of
from egress.selectors.robots import may_close_robot, may_make_tokens_of, robots_for
from egress.services import people, tokens
from egress.services.errors import Missing
from egress.web.forms.robots import RobotForm, RobotTokenForm
from egress.web.paging import by_name
from egress.web.records.account import rows_of_tokens
from egress.web.records.history import history_of
from egress.web.records.who import actor_of
from egress.web.standing import clusters_in, standing_in


@login_required
@require_safe
def robot_list(request: HttpRequest) -> HttpResponse:
    """List the robots of one's teams; all of them for admins and auditors."""
    return _show_list(request, RobotForm(standing=standing_in(request)))


@login_required
@require_POST
def robot_new(request: HttpRequest) -> HttpResponse:
    """Make a robot."""
    form = RobotForm(request.POST, standing=standing_in(request))
    made = form.carry_out(partial(people.create_robot, actor=actor_of(request)))
    if made is None:
        return _show_list(request, form)
    messages.success(request, f"{made.username} is there. Make a token for it.")
    return redirect("robot", pk=made.pk)


@login_required
@require_safe
def robot_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one robot with its tokens."""
    return _show(request, _robot(request, pk))


@login_required
@never_cache
@require_POST
def new_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a token of a robot and show its secret, in this one answer and never again."""
    robot, form = _robot(request, pk), RobotTokenForm(request.POST, clusters=clusters_in(request))
    made = form.carry_out(partial(tokens.create, owner=robot, actor=actor_of(request)))
    if made is None:
        return _show(request, robot, form=form, status=form.http_status)
    return _show(request, robot, secret=made[1])


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: int, token: int) -> HttpResponse:
    """End a token of a robot."""
    found = tokens_of(_robot(request, pk)).filter(pk=token).first()
    if found is None:
        raise Missing("The robot has no such token.")
    tokens.revoke(token=found, actor=actor_of(request))
    messages.success(request, f"Token {found.name} is revoked.")
    return redirect("robot", pk=pk)


@login_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a robot: its tokens end at once."""
    robot = people.close_robot(robot=_robot(request, pk), actor=actor_of(request))
    messages.success(request, f"{robot.username} is closed. Its tokens ended.")
    return redirect("robot", pk=pk)


def _robot(request: HttpRequest, pk: int) -> Person:
    robot = robots_for(standing_in(request)).filter(pk=pk).first()
    if robot is None:
        raise Missing(f"There is no robot {pk} for you.")
    return robot


def _show_list(request: HttpRequest, form: RobotForm) -> HttpResponse:
    standing = standing_in(request)
    page = by_name(robots_for(standing), request, "username")
    may_make = standing.is_admin or bool(standing.teams)
    context = {"page": page, "form": form, "may_make": may_make, "is_admin": standing.is_admin}
    return render(request, "robots/list.html", context, status=form.status_now)


def _show(
    request: HttpRequest, robot: Person, *, form: Any = None, secret: str = "", status: int = 200
) -> HttpResponse:
    standing, clusters = standing_in(request), clusters_in(request)
    may_make = robot.is_active and may_make_tokens_of(standing, robot)
    context = {
        "robot": robot,
        "tokens": rows_of_tokens(tokens_of(robot), clusters),
        "form": form or RobotTokenForm(clusters=clusters),
        "may_make": may_make,
        "may_close": may_close_robot(standing, robot),
        "secret": secret,
        "now": timezone.now(),
        "timeline": history_of("person", robot.pk),
    }
    return render(request, "robots/detail.html", context, status=status)
