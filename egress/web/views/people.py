"""People and what they may do, for admins."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from egress.models import Person, RoleBinding
from egress.selectors.joins import with_clusters
from egress.selectors.namespaces import ownerless_counts
from egress.selectors.people import all_people
from egress.services import people
from egress.services.errors import Missing
from egress.web.forms.base import PageForm
from egress.web.forms.grants import ReasonForm
from egress.web.forms.names import PersonFilter
from egress.web.forms.people import NewPersonForm, PasswordForm, PersonForm, RoleForm
from egress.web.paging import by_name
from egress.web.records.history import history_of
from egress.web.records.who import actor_of, admins_only


@login_required
@admins_only
@require_safe
def administration(request: HttpRequest) -> HttpResponse:
    """Show what there is to administer."""
    return render(request, "people/administration.html", {"ownerless": ownerless_counts()})


@login_required
@admins_only
@require_safe
def person_list(request: HttpRequest) -> HttpResponse:
    """List everybody with teams and roles, or those whose name begins so."""
    filters = PersonFilter(request.GET)
    page = by_name(filters.narrow(all_people()), request, "username")
    return render(request, "people/list.html", {"filters": filters, "page": page})


@login_required
@admins_only
def person_new(request: HttpRequest) -> HttpResponse:
    """Add somebody who shall sign in."""
    form = NewPersonForm(request.POST if request.method == "POST" else None)
    if form.is_bound:
        made = form.carry_out(partial(people.create_person, actor=actor_of(request)))
        if made:
            messages.success(request, f"{made.username} may sign in now.")
            return redirect("person", pk=made.pk)
    context = {"form": form, "title": "New person", "back": "people", "back_word": "People"}
    return render(request, "people/form.html", context, status=form.status_now)


@login_required
@admins_only
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one person (GET), or change facts (POST)."""
    person = _person(pk)
    if request.method != "POST":
        return _show(request, person)
    form = PersonForm(request.POST)
    if not form.carry_out(partial(people.change_person, person=person, actor=actor_of(request))):
        return _show(request, person, form=form)
    messages.success(request, f"{person.username} is saved.")
    return redirect("person", pk=pk)


@login_required
@admins_only
@require_POST
def set_password(request: HttpRequest, pk: int) -> HttpResponse:
    """Set a new password for somebody."""
    person, form = _person(pk), PasswordForm(request.POST)
    if not form.carry_out(partial(people.set_password, person=person, actor=actor_of(request))):
        return _show(request, person, password_form=form)
    messages.success(request, f"{person.username} has a new password. Their sessions ended.")
    return redirect("person", pk=pk)


@login_required
@admins_only
@require_POST
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """End an account: no sign-in, no session, no token."""
    person, form = _person(pk), ReasonForm(request.POST, auto_id="deactivate_%s")
    if not form.carry_out(partial(people.deactivate, person=person, actor=actor_of(request))):
        return _show(request, person, deactivate_form=form)
    messages.success(request, f"{person.username} is deactivated.")
    return redirect("person", pk=pk)


@login_required
@admins_only
@require_POST
def reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a closed account again."""
    person = people.reactivate(person=_person(pk), actor=actor_of(request))
    messages.success(request, f"{person.username} may sign in again.")
    return redirect("person", pk=pk)


@login_required
@admins_only
@require_POST
def bind_role(request: HttpRequest, pk: int) -> HttpResponse:
    """Give somebody a role."""
    person, form = _person(pk), RoleForm(request.POST)
    if not form.carry_out(partial(people.bind_role, person=person, actor=actor_of(request))):
        return _show(request, person, role_form=form)
    messages.success(request, f"{person.username} has the role now.")
    return redirect("person", pk=pk)


@login_required
@admins_only
@require_POST
def unbind_role(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a role away from a person or a team."""
    binding = RoleBinding.objects.select_related("person", "team").filter(pk=pk).first()
    if binding is None:
        raise Missing("There is no such role. Somebody may have taken it away already.")
    back = ("person", binding.person_id) if binding.person_id else ("team", binding.team_id)
    people.unbind_role(binding=binding, actor=actor_of(request))
    messages.success(request, "The role is taken away.")
    return redirect(back[0], pk=back[1])


def _person(pk: int) -> Person:
    person = all_people().filter(pk=pk).first()
    if person is None:
        raise Missing(f"There is no person {pk}.")
    return person


def _show(request: HttpRequest, person: Person, **forms: PageForm) -> HttpResponse:
    """Render the page of one person."""
    through_teams = RoleBinding.objects.filter(team__user=person)
    facts = {name: getattr(person, name) for name in ("first_name", "last_name", "email")}
    context = {
        "person": person,
        "roles": person.roles.all(),
        "team_roles": with_clusters(through_teams.select_related("team")),
        "form": PersonForm(initial=facts),
        "role_form": RoleForm(auto_id="role_%s"),
        "password_form": PasswordForm(auto_id="password_%s"),
        "deactivate_form": ReasonForm(auto_id="deactivate_%s"),
        "timeline": history_of("person", person.pk),
        **forms,
    }
    status = max((form.http_status for form in forms.values()), default=200)
    return render(request, "people/detail.html", context, status=status)
