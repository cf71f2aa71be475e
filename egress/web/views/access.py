"""The access check: can this workload reach that host?"""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from egress.domain.access import Subject
from egress.selectors.access import access_check
from egress.selectors.clusters import visible_clusters
from egress.web.forms.access import AccessCheckForm
from egress.web.records.grant_path import path_for_answer
from egress.web.standing import standing_in


@login_required
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """Answer the question in the URL with yes or no, the grant and the reason."""
    standing = standing_in(request)
    clusters = {cluster.name: cluster for cluster in visible_clusters(standing)}
    form = AccessCheckForm(request.GET or None, clusters=list(clusters))
    answer, path, ask_url = None, None, ""
    if form.is_bound and form.is_valid():
        asked = form.cleaned_data
        answer = access_check(standing, **{**asked, "cluster": clusters[asked["cluster"]]})
        ask_url = f"{reverse('request-new')}?{urlencode(asked)}"
        if answer:
            subject = Subject(asked["namespace"], asked["service_account"])
            path = path_for_answer(clusters[asked["cluster"]], subject, answer)
        else:
            form.add_error("namespace", f"You see no namespace “{asked['namespace']}” there.")
    context = {
        "form": form,
        "answer": answer,
        "path": path,
        "ask_url": ask_url,
        "question": form.question,
    }
    return render(request, "grants/access.html", context)
