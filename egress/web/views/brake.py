"""The brake of a cluster: looking at what it holds, and letting exactly that go."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from egress.rules import is_admin
from egress.selectors.brake import held_of
from egress.services.brake_releases import release
from egress.services.errors import NotAllowed
from egress.web.forms.brake import ReleaseForm
from egress.web.records.who import actor_of
from egress.web.standing import standing_in
from egress.web.views.clusters import cluster_called


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def brake(request: HttpRequest, name: str) -> HttpResponse:
    """Show all that is held with what releasing it does (GET), or release it (POST)."""
    cluster = cluster_called(request, name)
    if not is_admin(standing_in(request)):
        raise NotAllowed("Only an admin may release what the brake holds. Ask one of them.")
    form = ReleaseForm(request.POST if request.method == "POST" else None)
    deed = partial(release, cluster=cluster, actor=actor_of(request))
    if form.is_bound and (made := form.carry_out(deed)) is not None:
        count = len(made.objects_released)
        messages.success(
            request, f"{count} object{'' if count == 1 else 's'} released. Your reason is recorded."
        )
        return redirect("cluster", name=name)
    held = held_of(cluster)
    context = {"cluster": cluster, "held": held, "form": form}
    return render(request, "clusters/brake.html", context, status=form.status_now)
