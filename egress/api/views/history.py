"""Who could reach a host, and when?"""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from egress.api.serializers.history import HistoryQuestion, HistorySerializer
from egress.api.views.base import PortalView
from egress.models import Cluster
from egress.selectors import access_history, clusters
from egress.selectors.access import canonical_target
from egress.selectors.access_history import Question

PAGE = 200


class AccessHistory(PortalView):
    """Who could reach this host at that time?"""

    queryset = Cluster.objects.none()
    serializer_class = HistorySerializer

    @extend_schema(operation_id="access_history", parameters=[HistoryQuestion])
    def get(self, request: HttpRequest) -> Response:
        """Answer with the grants that mattered, newest first, and the events that prove them."""
        query = HistoryQuestion(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = dict(query.validated_data)
        after = asked.pop("after", None)
        question = self._question(asked)
        standing = self.standing
        grants = access_history.grants_that_mattered(standing, question).order_by("-pk")
        if after is not None:
            grants = grants.filter(pk__lt=after)
        rows = list(grants[: PAGE + 1])
        found = access_history.reached(rows[:PAGE], question)
        about = [*clusters.visible_clusters(standing), *(row.cluster for row in rows[:PAGE])]
        answer = {
            "since": question.since,
            "until": question.until,
            "results": found,
            "not_known": access_history.doubts(standing, question, about),
            "drift": [e.sequence for e in access_history.drift_within(standing, question)],
            "next": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        }
        return Response(HistorySerializer(answer).data)

    def _question(self, asked: dict[str, Any]) -> Question:
        host, problem = canonical_target(asked["host"])
        since = asked.get("at") or timezone.now()
        until = asked.get("until") or since
        errors = {"host": [problem]} if problem else {}
        if until < since:
            errors["until"] = ["The span ends before it starts: swap the two times."]
        if errors:
            raise ValidationError(errors)
        name = asked["cluster"]
        seen = clusters.visible_clusters(self.standing)
        return Question(
            host=host,
            since=since,
            until=until,
            cluster=self.found(seen, name=name) if name else None,
            namespace=asked["namespace"].strip().lower(),
            service_account=asked["service_account"].strip().lower(),
            port=asked.get("port"),
        )
