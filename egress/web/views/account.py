"""One's own account: what one is here, API tokens, the password."""

from functools import partial

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from egress.selectors.notifications import choices_of
from egress.selectors.people import tokens_of
from egress.services import sign_in, tokens
from egress.services.errors import Missing
from egress.services.people import set_password
from egress.web.forms.account import TokenForm
from egress.web.forms.notifications import ChoicesForm
from egress.web.forms.sign_in import NewPasswordForm
from egress.web.records.account import rows_of_tokens, sentences_about
from egress.web.records.who import actor_of, person_of
from egress.web.standing import clusters_in, standing_in


@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Show one's own teams, roles and tokens."""
    return show_account(request)


@login_required
@never_cache
@require_POST
def new_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show its secret, in this one answer and never again."""
    form = TokenForm(request.POST, clusters=clusters_in(request))
    person = person_of(request)
    made = form.carry_out(partial(tokens.create, owner=person, actor=actor_of(request)))
    if made is None:
        return show_account(request, form=form, status=form.http_status)
    return show_account(request, secret=made[1])


class Password(LoginRequiredMixin, PasswordChangeView):
    """Changes one's own password, which needs the old one and ends one's other sessions."""

    template_name = "account/password.html"
    form_class = NewPasswordForm

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Set the password by the service, and keep this one session."""
        person, actor = person_of(self.request), actor_of(self.request)
        changed = set_password(
            person=person, password=form.cleaned_data["new_password1"], actor=actor
        )
        old_key = self.request.session.session_key or ""
        update_session_auth_hash(self.request, changed)
        new_key = self.request.session.session_key or ""
        sign_in.follow(person=person, old_key=old_key, new_key=new_key)
        messages.success(self.request, "Your password is changed. Your other sessions ended.")
        return redirect("account")

    def form_invalid(self, form: PasswordChangeForm) -> HttpResponse:
        """Show the form again, as unprocessable."""
        response = super().form_invalid(form)
        response.status_code = 422
        return response


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own tokens."""
    token = tokens_of(person_of(request)).filter(pk=pk).first()
    if token is None:
        raise Missing("There is no such token among yours.")
    tokens.revoke(token=token, actor=actor_of(request))
    messages.success(request, f"Token {token.name} is revoked.")
    return redirect("account")


def choices_form(request: HttpRequest, data: QueryDict | None = None) -> ChoicesForm:
    """Return the form of how the person wants to be told, as they chose or as they type."""
    choices = choices_of(person_of(request))
    return ChoicesForm(data, standing=standing_in(request), choices=choices, auto_id="told_%s")


def show_account(
    request: HttpRequest,
    *,
    form: TokenForm | None = None,
    choices: ChoicesForm | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render the account page; forms that were not accepted are shown as they were typed."""
    context = {
        "person": person_of(request),
        "choices": choices or choices_form(request),
        "mail_works": settings.MAIL_ENABLED,
        "sentences": sentences_about(standing_in(request)),
        "tokens": rows_of_tokens(tokens_of(person_of(request)), clusters_in(request)),
        "form": form or TokenForm(clusters=clusters_in(request)),
        "secret": secret,
        "now": timezone.now(),
    }
    return render(request, "account/detail.html", context, status=status)
