"""The settings of a cluster as a body."""

from typing import Any

from rest_framework import serializers

from egress.api.serializers.base import Body
from egress.api.serializers.fields import Flag, OneOf, Text, Whole
from egress.domain.access import Enforcement
from egress.domain.recertification import DEFAULT_CYCLE_DAYS
from egress.models import Cluster
from egress.services.cluster_settings import MOST
from egress.services.recertification.settings import LONGEST_CYCLE


class GatewayBody(Body):
    """One egress gateway; what is left out has the value that bootstrap lays down."""

    id = Text(max_length=4, default="main")
    label = Text(max_length=63, required=False, allow_blank=True)  # type: ignore[assignment]
    service = Text(max_length=253, required=False, allow_blank=True)
    http_port = Whole(required=False)
    http_container_port = Whole(required=False)
    tls_port = Whole(required=False)
    tls_container_port = Whole(required=False)
    max_doors = Whole(required=False)
    max_http_hosts = Whole(required=False)


def _texts(help_text: str) -> Any:
    return serializers.ListField(
        child=Text(max_length=253), default=list, max_length=MOST, help_text=help_text
    )


class ClusterSettingsBody(Body):
    """All settings of a cluster."""

    enforcement = OneOf(choices=[choice.value for choice in Enforcement])
    central_entries = Flag(default=False)
    rules_at_clients = Flag(default=False)
    private_zones = _texts("Private domains that may be asked for, under review.")
    private_ranges = _texts("Private address ranges that may be asked for, under review.")
    own_ranges = _texts("Ranges of the cluster and its nodes, which are never opened.")
    gateways = serializers.ListField(child=GatewayBody(), default=list, max_length=MOST)
    owner_by_admin = Flag(default=True, help_text="Owners that admins set count.")
    owner_by_label = Flag(default=True, help_text="Labels and annotations of namespaces count.")
    owner_by_review = Flag(
        default=False, help_text="Whoever may create deployments in a namespace may ask for it."
    )
    review_user = OneOf(
        choices=Cluster.ReviewUser.values,
        default=Cluster.ReviewUser.USERNAME.value,
        help_text="What people are called at the cluster.",
    )
    review_user_prefix = Text(max_length=100, default="", allow_blank=True)
    review_teams = Flag(default=True, help_text="Teams are groups at the cluster.")
    review_team_prefix = Text(max_length=100, default="", allow_blank=True)
    recertify_days = Whole(
        default=DEFAULT_CYCLE_DAYS,
        min_value=0,
        max_value=LONGEST_CYCLE,
        help_text="After so many days owners confirm or drop a grant; 0 never asks them.",
    )
