"""Who owns namespaces: what tells it, trying it, and setting teams for several at once."""

from django import forms
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet

from egress.models import Cluster, Namespace
from egress.selectors.namespaces import without_owner
from egress.services.owners import MOST
from egress.web.forms.base import FilterForm, PageForm, choices_of
from egress.web.forms.names import NOBODY

BY_ADMIN, BY_LABEL = "admin", "label"
OWNERS = [
    ("", "Anybody"),
    (NOBODY, "Nobody"),
    (BY_ADMIN, "A team, set here"),
    (BY_LABEL, "A team, by label"),
]


class OwnershipForm(PageForm):
    """What tells who owns the namespaces of a cluster."""

    owner_by_admin = forms.BooleanField(
        required=False,
        label="Teams that admins set here",
        help_text="They win over the label of the namespace.",
    )
    owner_by_label = forms.BooleanField(
        required=False, label="Teams that the label or annotation of the namespace names"
    )
    owner_by_review = forms.BooleanField(
        required=False,
        label="Whoever may create deployments in the namespace",
        help_text="The cluster is asked each time somebody asks for access, and when it is "
        "decided. The portal's account needs the right for it: run bootstrap again.",
    )
    review_user = forms.ChoiceField(
        choices=Cluster.ReviewUser.choices,
        label="The cluster knows people by",
        help_text="E-mail addresses are for those that come from your identity provider.",
    )
    review_user_prefix = forms.CharField(
        required=False,
        max_length=100,
        label="Before the name",
        help_text="Such as oidc: if the API server is started with that prefix.",
        widget=forms.TextInput(attrs={"class": "form-control mono", "autocomplete": "off"}),
    )
    review_teams = forms.BooleanField(required=False, label="Their teams are groups at the cluster")
    review_team_prefix = forms.CharField(
        required=False,
        max_length=100,
        label="Before the name of a team",
        widget=forms.TextInput(attrs={"class": "form-control mono", "autocomplete": "off"}),
    )


class TryForm(PageForm):
    """A person and a namespace to ask a cluster about."""

    person = forms.CharField(max_length=150, help_text="The name they sign in with.")
    namespace = forms.CharField(max_length=63)


class OwnerFilter(FilterForm):
    """Narrows namespaces of all clusters by cluster, by how their name begins, and by owner."""

    cluster = forms.ChoiceField(required=False)
    q = forms.CharField(
        required=False,
        max_length=63,
        label="Name begins with",
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    owner = forms.ChoiceField(required=False, choices=OWNERS)

    def __init__(self, *args: object, clusters: list[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["cluster"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices_of(clusters, "Every cluster")

    def narrow(self, namespaces: QuerySet[Namespace]) -> QuerySet[Namespace]:
        """Return the namespaces that pass; none when a filter is invalid."""
        if not self.is_valid():
            return namespaces.none()
        wanted = {
            NOBODY: without_owner(),
            BY_ADMIN: Q(owner__isnull=False),
            BY_LABEL: Q(owner__isnull=True) & ~Q(owner_label=""),
        }.get(self.cleaned_data["owner"], Q())
        if self.cleaned_data["cluster"]:
            wanted &= Q(cluster__name=self.cleaned_data["cluster"])
        if self.cleaned_data["q"]:
            wanted &= Q(name__startswith=self.cleaned_data["q"].lower())
        return namespaces.filter(wanted)


class _Keys(forms.MultipleChoiceField):
    """Primary keys that were ticked; whether they are there is for the service to say."""

    def validate(self, value: list[str]) -> None:
        """Refuse what is no key, and more than can be set at once."""
        if len(value) > MOST or not all(_is_key(text) for text in value):
            raise forms.ValidationError(f"Choose at most {MOST} of the namespaces listed.")


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


class OwnersForm(PageForm):
    """Names the team that owns the ticked namespaces."""

    namespaces = _Keys(required=False, widget=forms.MultipleHiddenInput)
    team = forms.ModelChoiceField(
        queryset=Group.objects.order_by("name"),
        required=False,
        empty_label="As the label of the namespace says",
    )

    def clean_namespaces(self) -> list[int]:
        """Return the keys as numbers."""
        return [int(text) for text in self.cleaned_data["namespaces"]]
