"""Access: can this workload reach that host, and who could reach it when?"""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from egress.domain.access import Subject
from egress.models import Cluster, Grant
from egress.rules import may_ask
from egress.selectors.access import AccessAnswer, access_check, others_reaching
from egress.selectors.access_history import (
    Question,
    doubts,
    drift_within,
    grants_that_mattered,
    reached,
)
from egress.selectors.audit import covered_by, latest_check
from egress.selectors.paths import way_of_grant
from egress.web.exports import csv_download, ndjson_download
from egress.web.forms.access import AccessCheckForm
from egress.web.forms.access_history import AccessHistoryForm
from egress.web.paging import newest_first
from egress.web.records.access_rows import COLUMNS, asked_in_words, reach_rows, records
from egress.web.records.grant_facts import in_cluster
from egress.web.records.grant_path import path_for, path_for_answer
from egress.web.standing import clusters_in, standing_in


@login_required
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """Answer the question in the URL with yes or no, the grant, its objects and the reason."""
    standing = standing_in(request)
    clusters = {cluster.name: cluster for cluster in clusters_in(request)}
    form = AccessCheckForm(request.GET or None, clusters=list(clusters))
    context: dict[str, object] = {"form": form, "question": form.question}
    if form.is_bound and form.is_valid():
        asked = {**form.cleaned_data, "cluster": clusters[form.cleaned_data["cluster"]]}
        answer = access_check(standing, **asked)
        if answer is None:
            form.add_error("namespace", f"You see no namespace “{asked['namespace']}” there.")
        subject = Subject(asked["namespace"], asked["service_account"])
        context |= {
            "answer": answer,
            **_way_of(asked["cluster"], subject, answer),
            "others": others_reaching(standing, **asked) if answer else [],
            "may_ask": bool(answer and answer.namespace and may_ask(standing, answer.namespace)),
            "ask_url": f"{reverse('request-new')}?{urlencode(form.cleaned_data)}",
            "history_url": f"{reverse('access-history')}?{_history_of(form.cleaned_data)}",
        }
    return render(request, "access/check.html", context)


@login_required
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """Show who could reach a host at the time in the URL, and how that is known."""
    standing, form = standing_in(request), _history_form(request)
    question = form.question
    context: dict[str, object] = {"form": form, "question": question}
    if question is not None:
        page = newest_first(grants_that_mattered(standing, question), request)
        found = reached(page.rows, question)
        about = [*clusters_in(request), *(one.grant.cluster for one in found)]
        check = latest_check()
        context |= {
            "page": page,
            "rows": reach_rows(found),
            "when": asked_in_words(question),
            "doubts": doubts(standing, question, about),
            "drift": drift_within(standing, question),
            "check": check,
            "coverage": covered_by(check),
        }
    return render(request, "access/history.html", context)


@login_required
@require_safe
def history_csv(request: HttpRequest) -> HttpResponseBase:
    """Download the answer as CSV: one line per period of a grant."""
    grants, question = _answer(request)
    return csv_download("access-history", COLUMNS, records(grants, question) if question else ())


@login_required
@require_safe
def history_ndjson(request: HttpRequest) -> HttpResponseBase:
    """Download the answer as one JSON object per period of a grant."""
    grants, question = _answer(request)
    return ndjson_download("access-history", records(grants, question) if question else ())


def _answer(request: HttpRequest) -> tuple[QuerySet[Grant], Question | None]:
    """Return the grants that answer the question in the URL, none while it is not understood."""
    question = _history_form(request).question
    if question is None:
        return Grant.objects.none(), None
    return grants_that_mattered(standing_in(request), question), question


def _history_form(request: HttpRequest) -> AccessHistoryForm:
    clusters = {cluster.name: cluster for cluster in clusters_in(request)}
    return AccessHistoryForm(request.GET or None, clusters=clusters, now=timezone.now())


def _way_of(cluster: Cluster, subject: Subject, answer: AccessAnswer | None) -> dict[str, object]:
    """Return the way that an access check found, and the objects that carry its grant."""
    if answer is None:
        return {}
    grant = answer.grant
    if grant is None:
        return {"path": path_for_answer(cluster, subject, answer)}
    way = way_of_grant(grant, answer.inventory)
    carried = in_cluster(grant, answer.namespace, way)
    return {"path": path_for(grant, carried, way), "objects": carried.objects}


def _history_of(asked: dict[str, object]) -> str:
    """Return the query of the same question over time."""
    return urlencode({name: value for name, value in asked.items() if value})
