"""How a refusal becomes a page, or a toast when htmx asked."""

import json
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

import structlog
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render, resolve_url
from django.utils.deprecation import MiddlewareMixin
from django_htmx.http import HttpResponseClientRedirect

from egress.services.errors import (
    Conflict,
    Missing,
    NotAllowed,
    Refused,
    ServiceError,
    Unavailable,
)

logger = structlog.get_logger(__name__)

STATUSES: dict[type[ServiceError], HTTPStatus] = {
    Refused: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotAllowed: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    Missing: HTTPStatus.NOT_FOUND,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
TITLES: dict[int, str] = {
    400: "The request was not understood",
    403: "You may not do this",
    404: "There is no such page, or it is not for you to see",
    405: "There is nothing to read at this address",
    409: "This has changed in the meantime",
    422: "This was not accepted",
    500: "Something broke on our side",
    503: "Something this needs does not answer right now",
}
SENTENCES: dict[int, str] = {
    400: "Go back, reload the page and try again.",
    403: "Nothing was changed. If you should be allowed to, an admin can help.",
    404: "Check the address. Requests and grants of other teams look as if they did not exist.",
    405: "It only takes a form. When you signed in just now, go back to the page you came from and "
    "press its button again: nothing was done.",
    409: "Look at how things stand now, then decide again.",
    422: "Go back, change what the sentence names, and send it again.",
    500: "It was written to the log with the id below. Nothing was half done: try again, and "
    "tell an admin the id when it happens twice.",
    503: "Nothing was lost. Try again in a moment.",
}


def status_of(error: ServiceError) -> int:
    """Return the HTTP status of a refusal; the nearest known kind decides."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            return int(STATUSES[kind])
    return int(HTTPStatus.BAD_REQUEST)


def toast(response: HttpResponse, text: str, tone: str = "good") -> HttpResponse:
    """Add a toast to an answer for htmx. `tone` is good, bad, wait or note."""
    response["HX-Trigger"] = json.dumps({"toast": {"text": text, "tone": tone}})
    return response


def error_page(request: HttpRequest, status: int, message: str = "") -> HttpResponse:
    """Return the page of a status; htmx gets a toast and leaves the page as it is."""
    words = message or SENTENCES.get(status, SENTENCES[400])
    if getattr(request, "htmx", False):
        response = toast(HttpResponse(status=status), message or TITLES.get(status, words), "bad")
        response["HX-Reswap"] = "none"
        return response
    context = {
        "status": status,
        "title": TITLES.get(status, TITLES[400]),
        "message": message,
        "advice": SENTENCES.get(status, ""),
        "request_id": getattr(request, "request_id", ""),
    }
    return render(request, "error.html", context, status=status)


class ServiceErrors(MiddlewareMixin):
    """Turns a `ServiceError` that a view let through into its page.

    Gives the request its id of the log as `request_id`, for the audit trail and for error pages.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Note the id under which the log knows this request."""
        bound = structlog.contextvars.get_contextvars()
        request.request_id = str(bound.get("request_id", ""))  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Send all of the browser to the sign-in page, not only the part that htmx asked for.

        Whoever sent a form after their session ended comes back to the page it stands on.
        Give people a page instead of nothing at addresses that only take forms: they get there
        when their session ended before they pressed a button.
        """
        location = response.get("Location", "")
        if getattr(request, "htmx", False) and location.startswith(resolve_url("sign-in") + "?"):
            here = urlencode({"next": request.htmx.current_url_abs_path or "/"})  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(f"{resolve_url('sign-in')}?{here}")
        if request.method == "POST" and location.startswith(resolve_url("sign-in") + "?"):
            before = _page_before(request)
            if before:
                response["Location"] = f"{resolve_url('sign-in')}?{urlencode({'next': before})}"
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            page = error_page(request, int(HTTPStatus.METHOD_NOT_ALLOWED))
            page["Allow"] = response["Allow"]
            return page
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the page of a refusal, or of a database that fails; the rest goes its way."""
        if isinstance(error, OperationalError):
            # The database is away, or chose this one of two that waited for each other.
            logger.error("database_failed", exc_info=error)
            return _bare_page(request, int(HTTPStatus.SERVICE_UNAVAILABLE))
        if not isinstance(error, ServiceError):
            return None
        return error_page(request, status_of(error), str(error))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the page for a request that could not be read."""
    return error_page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the page for something the person may not do."""
    return error_page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the page for something that does not exist or is hidden."""
    return error_page(request, 404)


def broken(request: HttpRequest) -> HttpResponse:
    """Return the page for a failure of the portal."""
    return _bare_page(request, 500)


def _page_before(request: HttpRequest) -> str:
    """Return the page of this portal that a form was sent from, empty when nobody knows."""
    try:
        url = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    if url.netloc != request.get_host():
        return ""
    return f"{url.path}?{url.query}" if url.query else url.path


def _bare_page(request: HttpRequest, status: int) -> HttpResponse:
    """Return the page of a status. Reads nothing, as anything may be broken."""
    context = {
        "status": status,
        "title": TITLES[status],
        "advice": SENTENCES[status],
        "request_id": getattr(request, "request_id", ""),
    }
    # Without a request no context processor runs.
    return render(None, "500.html", context, status=status)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return the page for a form whose token is missing or old."""
    return error_page(request, 403, "This form is too old, or came from elsewhere. Reload it.")
