"""The question of the access check."""

from django import forms

from egress.web.forms.base import FilterForm


class AccessCheckForm(FilterForm):
    """Can this service account of this namespace reach this host on this port?"""

    suggested = {"namespace": "namespaces", "service_account": "accounts", "host": "hosts"}
    cluster = forms.ChoiceField()
    namespace = forms.CharField(max_length=63)
    service_account = forms.CharField(
        required=False,
        max_length=253,
        label="Service account",
        help_text="Empty: the whole namespace.",
    )
    host = forms.CharField(max_length=253, label="Host")
    # A number input hides what is no number, and nothing that was typed may get lost.
    port = forms.IntegerField(
        min_value=1,
        max_value=65535,
        initial=443,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args: object, clusters: list[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cluster"].choices = [(name, name) for name in clusters]  # type: ignore[attr-defined]
        if len(clusters) == 1:
            self.fields["cluster"].initial = clusters[0]

    @property
    def question(self) -> str:
        """Return the question in one line, empty while it is not complete."""
        if not self.is_bound or not self.is_valid():
            return ""
        asked = self.cleaned_data
        account = f"/{asked['service_account']}" if asked["service_account"] else ""
        return f"{asked['namespace']}{account} → {asked['host']}:{asked['port']}"

    def clean_namespace(self) -> str:
        """Return the namespace in lower case, as clusters know it."""
        return str(self.cleaned_data["namespace"]).strip().lower()

    def clean_service_account(self) -> str:
        """Return the service account in lower case, as clusters know it."""
        return str(self.cleaned_data["service_account"]).strip().lower()
