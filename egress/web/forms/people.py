"""People, teams and roles, as admins type them."""

from django import forms
from django.contrib.auth.models import Group

from egress.models import Cluster, Person, Risk, Role
from egress.web.forms.base import PageForm


class PersonForm(PageForm):
    """Facts of a person."""

    first_name = forms.CharField(required=False, max_length=150, label="First name")
    last_name = forms.CharField(required=False, max_length=150, label="Last name")
    email = forms.CharField(required=False, max_length=254, label="E-mail")


class NewPersonForm(PersonForm):
    """Somebody who shall sign in."""

    field_order = ["username", "first_name", "last_name", "email", "password", "teams"]
    username = forms.CharField(max_length=150, label="Sign-in name")
    password = forms.CharField(
        label="First password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters. Ask them to change it on their account page.",
    )
    teams = forms.ModelMultipleChoiceField(
        queryset=Group.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Teams",
    )


class PasswordForm(PageForm):
    """A new password that an admin sets for somebody."""

    password = forms.CharField(
        label="New password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters.",
    )


class TeamForm(PageForm):
    """A team by its name, which owner labels of namespaces refer to."""

    name = forms.CharField(max_length=150, label="Team name")


class MembersForm(PageForm):
    """Who belongs to a team."""

    people = forms.ModelMultipleChoiceField(
        queryset=Person.objects.filter(is_robot=False).order_by("username"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Who belongs to it",
    )


RISKS = [
    (int(Risk.BLOCK), "Any"),
    (int(Risk.WARN), "Up to a warning"),
    (int(Risk.INFO), "Up to a remark"),
    (int(Risk.CLEAR), "Only without any finding"),
]
"""What an approver and break-glass may be limited to, as admins choose it."""


class RoleForm(PageForm):
    """A role for one person or team; only approvers and break-glass may be limited to a scope."""

    role = forms.ChoiceField(choices=[("", "Choose a role"), *Role.choices])
    cluster = forms.ModelChoiceField(
        queryset=Cluster.objects.order_by("name").defer("posture"),
        required=False,
        empty_label="Every cluster",
        help_text="For approvers and break-glass only.",
    )
    namespaces = forms.CharField(
        required=False,
        max_length=253,
        initial="*",
        help_text="For approvers and break-glass only: a pattern such as “pay*”; “*” means all.",
    )
    destinations = forms.CharField(
        required=False,
        max_length=255,
        initial="*",
        help_text=(
            "For approvers and break-glass only: a host, “*.example.com” for all below it, or "
            "“*” for every one."
        ),
    )
    max_risk = forms.ChoiceField(
        choices=RISKS,
        required=False,
        initial=int(Risk.BLOCK),
        label="Highest risk",
        help_text="For approvers and break-glass only: more than this is for others.",
    )

    def clean_namespaces(self) -> str:
        """Return the pattern; an empty field means every namespace."""
        return str(self.cleaned_data["namespaces"]).strip() or "*"

    def clean_destinations(self) -> str:
        """Return the pattern; an empty field means every destination."""
        return str(self.cleaned_data["destinations"]).strip() or "*"

    def clean_max_risk(self) -> Risk:
        """Return the risk; an empty field means any."""
        return Risk(int(self.cleaned_data["max_risk"] or Risk.BLOCK))
