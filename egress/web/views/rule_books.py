"""Rule books: admins write, propose and put them in force; auditors read them."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from egress.models import RuleBook
from egress.selectors.rule_book import all_rule_books, book_in_force
from egress.services import rule_book as service
from egress.services.errors import Missing, NotAllowed, Refused, ServiceError
from egress.web.errors import status_of
from egress.web.forms.base import PageForm
from egress.web.forms.rule_books import PutInForceForm, RejectForm, RuleTextForm
from egress.web.records.history import history_of
from egress.web.records.rule_books import difference, lines_of, replay_of
from egress.web.records.who import actor_of, admins_only
from egress.web.standing import standing_in

PER_PAGE = 50


@login_required
@require_safe
def rule_book_list(request: HttpRequest) -> HttpResponse:
    """List the versions, the newest first."""
    _require_reader(request)
    before, rows = _number(request.GET.get("before", "")), all_rule_books()
    if before:
        rows = rows.filter(number__lt=before)
    found = list(rows[: PER_PAGE + 1])
    older = found[PER_PAGE - 1].number if len(found) > PER_PAGE else None
    return render(request, "rule_books/list.html", {"books": found[:PER_PAGE], "older": older})


@login_required
@admins_only
@require_POST
def rule_book_new(request: HttpRequest) -> HttpResponse:
    """Begin a draft from the version that the form names, or from the one in force."""
    named = request.POST.get("begun_from", "")
    source = (
        _book(int(named)) if named.isascii() and named.isdecimal() and len(named) < 10 else None
    )
    book = service.draft(actor=actor_of(request), begun_from=source)
    messages.success(request, f"Draft {book} is yours. Change it, replay it, propose it.")
    return redirect("rule-book", number=book.number)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rule_book(request: HttpRequest, number: int) -> HttpResponse:
    """Show a version (GET), or change the text of one's own draft (POST)."""
    _require_reader(request)
    book = _book(number)
    if request.method != "POST":
        return _page(request, book)
    form = RuleTextForm(request.POST)
    if form.carry_out(partial(service.change, book=book, actor=actor_of(request))):
        messages.success(request, f"{book} is saved.")
        return redirect("rule-book", number=number)
    return _page(request, book, text_form=form)


@login_required
@admins_only
@require_POST
def rule_book_propose(request: HttpRequest, number: int) -> HttpResponse:
    """Propose a draft to the other admins."""
    book = _book(number)
    try:
        service.propose(book=book, actor=actor_of(request))
    except Refused as error:
        return _page(request, book, refused=error)
    messages.success(request, f"{book} is proposed. Another admin puts it in force.")
    return redirect("rule-book", number=number)


@login_required
@admins_only
@require_POST
def rule_book_force(request: HttpRequest, number: int) -> HttpResponse:
    """Put a proposed version in force."""
    return _decide(request, number, PutInForceForm, service.put_in_force, "is in force now")


@login_required
@admins_only
@require_POST
def rule_book_reject(request: HttpRequest, number: int) -> HttpResponse:
    """Reject a draft or a proposal."""
    return _decide(request, number, RejectForm, service.reject, "is rejected")


def _decide(
    request: HttpRequest,
    number: int,
    kind: type[PageForm],
    deed: Callable[..., RuleBook],
    done: str,
) -> HttpResponse:
    book, form = _book(number), kind(request.POST)
    if form.carry_out(partial(deed, book=book, actor=actor_of(request))):
        messages.success(request, f"{book} {done}.")
        return redirect("rule-book", number=number)
    if kind is PutInForceForm:
        return _page(request, _book(number), force_form=form)
    return _page(request, _book(number), reject_form=form)


def _number(text: str) -> int:
    """Return the number that stands in an address or a form, 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _require_reader(request: HttpRequest) -> None:
    if not standing_in(request).sees_everything:
        raise NotAllowed("Only admins and auditors read rule books. Ask one of them.")


def _book(number: int) -> RuleBook:
    book = all_rule_books().filter(number=number).first() if number < 2**31 else None
    if book is None:
        raise Missing(f"There is no rule book v{number}. Look at the list of rule books.")
    return book


def _page(
    request: HttpRequest,
    book: RuleBook,
    *,
    text_form: PageForm | None = None,
    force_form: PageForm | None = None,
    reject_form: PageForm | None = None,
    refused: ServiceError | None = None,
) -> HttpResponse:
    """Show a version; a form that was refused is shown with what was typed."""
    sent = text_form or force_form or reject_form
    problems, standing = service.problems_of(book.text), standing_in(request)
    is_author = standing.is_admin and book.author_id == standing.person_id
    context = {
        "book": book,
        "lines": lines_of(book.text, problems),
        "problems": problems,
        "refused": refused,
        "diff": difference(book, book_in_force()),
        "replay": replay_of(book) if "replay" in request.GET else None,
        "is_admin": standing.is_admin,
        "may_change": is_author and book.is_open,
        "may_force": standing.is_admin
        and book.state == RuleBook.State.PROPOSED
        and standing.person_id not in (book.author_id, book.proposed_by_id),
        "text_form": text_form or RuleTextForm(initial={"text": book.text}),
        "force_form": force_form or PutInForceForm(initial={"digest": book.digest}),
        "reject_form": reject_form or RejectForm(),
        "timeline": history_of("rule-book", book.pk),
    }
    status = status_of(refused) if refused else sent.status_now if sent else 200
    return render(request, "rule_books/detail.html", context, status=status)
