"""Teams, for admins: who belongs to them, what they own, which roles they carry."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from egress.models.standing import Standing
from egress.selectors.joins import with_clusters
from egress.selectors.namespaces import askable_namespaces
from egress.selectors.people import all_teams, given_to, teams_with_members
from egress.selectors.robots import robots_of_team
from egress.services import people
from egress.services.errors import Missing
from egress.web.forms.base import PageForm
from egress.web.forms.names import TeamFilter
from egress.web.forms.people import MembersForm, RoleForm, TeamForm
from egress.web.paging import by_name
from egress.web.records.who import actor_of, admins_only


@login_required
@admins_only
@require_safe
def team_list(request: HttpRequest) -> HttpResponse:
    """List every team with its members, or those whose name begins so."""
    filters = TeamFilter(request.GET)
    page = by_name(filters.narrow(all_teams()), request)
    return render(request, "people/teams.html", {"filters": filters, "page": page})


@login_required
@admins_only
def team_new(request: HttpRequest) -> HttpResponse:
    """Add a team."""
    form = TeamForm(request.POST if request.method == "POST" else None)
    if form.is_bound:
        made = form.carry_out(partial(people.create_team, actor=actor_of(request)))
        if made:
            messages.success(request, f"Team {made.name} is there. Say who belongs to it.")
            return redirect("team", pk=made.pk)
    context = {"form": form, "title": "New team", "back": "teams", "back_word": "Teams"}
    return render(request, "people/form.html", context, status=form.status_now)


@login_required
@admins_only
def team_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one team (GET), or set its members (POST)."""
    team = _team(pk)
    if request.method != "POST":
        return _show(request, team)
    form = MembersForm(request.POST)
    if not form.carry_out(partial(people.set_members, team=team, actor=actor_of(request))):
        return _show(request, team, form=form)
    messages.success(request, f"The members of {team.name} are saved.")
    return redirect("team", pk=pk)


@login_required
@admins_only
@require_POST
def bind_role(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a role to all members of a team."""
    team, form = _team(pk), RoleForm(request.POST)
    if not form.carry_out(partial(people.bind_role, team=team, actor=actor_of(request))):
        return _show(request, team, role_form=form)
    messages.success(request, f"Members of {team.name} have the role now.")
    return redirect("team", pk=pk)


def _team(pk: int) -> Group:
    team = teams_with_members().filter(pk=pk).first()
    if team is None:
        raise Missing(f"There is no team {pk}.")
    return team


def _show(request: HttpRequest, team: Group, **forms: PageForm) -> HttpResponse:
    """Render the page of one team."""
    as_member = Standing(is_active=True, teams=frozenset({team.name}))
    context = {
        "team": team,
        "form": MembersForm(initial={"people": team.user_set.all()}),
        "robots": robots_of_team(team.name),
        "given": given_to(team),
        "roles": with_clusters(team.roles.all()),
        "role_form": RoleForm(auto_id="role_%s"),
        "namespaces": askable_namespaces(as_member),
        **forms,
    }
    status = max((form.http_status for form in forms.values()), default=200)
    return render(request, "people/team.html", context, status=status)
