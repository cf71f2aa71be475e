"""Robots and their tokens, as people type them."""

from typing import Any

from django import forms
from django.contrib.auth.models import Group

from egress.models.standing import Standing
from egress.web.forms.account import SCOPES, TokenForm
from egress.web.forms.base import PageForm


class RobotForm(PageForm):
    """A robot of teams that somebody answers for."""

    username = forms.CharField(
        max_length=150, label="Name", help_text="What it is called everywhere, such as “ci-shop”."
    )
    teams = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text="It asks for what these teams own. You have to be in all of them.",
    )

    def __init__(self, *args: Any, standing: Standing, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams: Any = self.fields["teams"]
        every = Group.objects.order_by("name")
        mine = every.filter(name__in=sorted(standing.teams))
        teams.queryset = every if standing.is_admin else mine


class RobotTokenForm(TokenForm):
    """A token of a robot, which asks and reads only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes: Any = self.fields["scopes"]
        scopes.choices = [(name, words) for name, words in SCOPES if name in ("read", "request")]
