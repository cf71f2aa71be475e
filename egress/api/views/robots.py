"""Robots and their tokens."""

from functools import partial
from typing import Any

from django.contrib.auth.models import Group
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from egress.api.idempotency import idempotent
from egress.api.serializers.records import (
    NewTokenSerializer,
    RobotBody,
    RobotSerializer,
    TokenBody,
    TokenSerializer,
)
from egress.api.views.account import new_token
from egress.api.views.base import PortalView
from egress.domain.wording import quoted
from egress.models import ApiToken, Person
from egress.selectors.people import tokens_of
from egress.selectors.robots import robots_for
from egress.services import people, tokens
from egress.services.errors import Refused


class Robots(PortalView, ListAPIView[Person]):
    """The robots of your teams; all of them for admins."""

    queryset = Person.objects.none()
    serializer_class = RobotSerializer
    write_scopes = ("admin",)

    def get_queryset(self) -> Any:
        """Return the robots that the caller may know of."""
        return robots_for(self.standing)

    @extend_schema(
        operation_id="robots_create", request=RobotBody, responses={201: RobotSerializer}
    )
    @idempotent
    def post(self, request: HttpRequest) -> Response:
        """Make a robot of teams that you are in; admins make them for every team."""
        values = self.body(RobotBody).validated_data
        teams = list(Group.objects.filter(name__in=values["teams"]))
        if unknown := sorted(set(values["teams"]) - {team.name for team in teams}):
            told = f"There is no team {quoted(unknown[0])}."
            raise Refused(told, reason="InputNotUnderstood", fields={"teams": [told]})
        made = people.create_robot(username=values["username"], teams=teams, actor=self.actor)
        return Response(RobotSerializer(made).data, status=201)


class RobotView(PortalView):
    """Something about one robot."""

    queryset: Any = Person.objects.none()
    serializer_class: Any = RobotSerializer
    write_scopes = ("admin",)

    def robot(self) -> Person:
        """Return the robot of the address. Raises Http404 when the caller may not know of it."""
        found: Person = self.found(robots_for(self.standing), pk=self.kwargs["pk"])
        return found


class OneRobot(RobotView):
    """One robot."""

    @extend_schema(operation_id="robots_read")
    def get(self, request: HttpRequest, pk: int) -> Response:
        """One robot, with its teams."""
        return Response(RobotSerializer(self.robot()).data)

    @extend_schema(operation_id="robots_close", request=None, responses={204: None})
    def delete(self, request: HttpRequest, pk: int) -> Response:
        """Close the robot: its tokens end at once."""
        people.close_robot(robot=self.robot(), actor=self.actor)
        return Response(status=204)


class RobotTokens(RobotView, ListAPIView[ApiToken]):
    """The tokens of a robot."""

    queryset = ApiToken.objects.none()
    serializer_class = TokenSerializer

    def get_queryset(self) -> Any:
        """Return the tokens of the robot, newest first."""
        return tokens_of(self.robot())

    @extend_schema(operation_id="robots_tokens_list")
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """The tokens of the robot, without their secrets."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="robots_tokens_create", request=TokenBody, responses={201: NewTokenSerializer}
    )
    @partial(idempotent, unkept=("secret",))
    def post(self, request: HttpRequest, pk: int) -> Response:
        """Make a token of the robot, with the scopes `read` and `request` at most."""
        return new_token(self, self.robot())


class OneRobotToken(RobotView):
    """One token of a robot."""

    @extend_schema(operation_id="robots_tokens_revoke", request=None, responses={204: None})
    def delete(self, request: HttpRequest, pk: int, token: int) -> Response:
        """Revoke the token at once."""
        found = self.found(tokens_of(self.robot()), pk=token)
        tokens.revoke(token=found, actor=self.actor)
        return Response(status=204)
