"""Django's admin as a window on every row: for superusers, and read-only without exception.

Whatever changes here would pass the services by, and with them the rules and the audit trail.
"""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.db.models import Field, Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from egress.services.errors import NotAllowed
from egress.web.views.session import sign_out

_OF_DRAFTS = frozenset({"content", "place", "place_digest"})
HIDDEN_FIELDS = (
    frozenset({"credentials", "sealed_url", "sealed", "session_key", "password", "digest", "body"})
    | _OF_DRAFTS
)
"""Secrets, their digests, stored answers that may hold one, and what people typed into drafts,
which is theirs alone: not even for superusers."""
LONGEST_COLUMNS = frozenset({"TextField", "JSONField", "BinaryField", "ManyToManyField"})
MOST_COLUMNS = 8
ROWS_PER_PAGE = 50


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Lists and shows the rows of one model. Adding, changing and deleting are refused."""

    list_per_page = ROWS_PER_PAGE
    show_full_result_count = False
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Only superusers see the models."""
        return _is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only superusers see rows."""
        return _is_superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes rows here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes rows here."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Nobody filters by the address: that would tell a hidden field letter by letter."""
        return False

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the first short columns of the model."""
        short = [field.name for field in self._shown() if _is_short(field)]
        return short[:MOST_COLUMNS]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Return every field but the secret ones."""
        return [field.name for field in self._shown()]

    def _shown(self) -> "list[Field[Any, Any]]":
        return [field for field in self.opts.fields if field.name not in HIDDEN_FIELDS]


class RowsSite(admin.AdminSite):
    """The window. Signing in, out and passwords stay with the portal's own, audited pages."""

    site_title = "Rows · Egress Portal"
    site_header = "Rows of the database"
    index_title = "Read-only"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Only superusers with an active account look at rows."""
        return _is_superuser(request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send visitors to the portal's sign-in page, and refuse who signed in already."""
        if request.user.is_authenticated:
            raise NotAllowed("Only superusers look at the rows of the database.")
        return redirect_to_login(request.get_full_path())

    def logout(  # type: ignore[override]  # an answer of another kind
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign out as everywhere, when asked by a form; a mere link changes nothing."""
        return sign_out(request) if request.method == "POST" else redirect("home")

    def password_change(  # type: ignore[override]  # an answer of another kind
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the portal's own page, which writes to the audit trail."""
        return redirect("password")


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


def _is_short(field: "Field[Any, Any]") -> bool:
    return field.get_internal_type() not in LONGEST_COLUMNS


site = RowsSite()
site.register([*apps.get_app_config("egress").get_models(), Group], ReadOnlyAdmin)
