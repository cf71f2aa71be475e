"""Writes and sends one mail, from what its person may still see."""

import smtplib
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from egress import rules
from egress.domain.notices import Kind
from egress.models import Notification, Outgoing, Person
from egress.models.standing import standing_of
from egress.selectors.joins import with_clusters
from egress.selectors.notifications import gets_mail, still_matters, visible_notifications
from egress.services.undeliverable import UndeliverableError


@dataclass(frozen=True)
class Item:
    """One notification in a mail. `url` is a whole address."""

    title: str
    text: str
    url: str


def letter_for(row: Outgoing, person: Person) -> EmailMultiAlternatives | None:
    """Return the mail as it has to be now, None when there is nothing to tell any more."""
    items = [Item(one.title, one.text, f"{_portal()}{one.link}") for one in _relevant(row, person)]
    if not items or not person.is_active or not gets_mail(person):
        return None
    alone = len(items) == 1
    title = items[0].title if alone else f"{len(items)} notifications from Egress Portal"
    context = {"items": items, "alone": alone, "settings_url": f"{_portal()}/account#notifications"}
    letter = EmailMultiAlternatives(
        # A line break in a subject would begin another header.
        subject=" ".join(title.split()),
        body=render_to_string("mail/notifications.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[person.email],
        headers={"Message-ID": _message_id(row), "Auto-Submitted": "auto-generated"},
    )
    letter.attach_alternative(render_to_string("mail/notifications.html", context), "text/html")
    return letter


def send(letter: EmailMultiAlternatives) -> None:
    """Hand the mail to the server. Raises UndeliverableError."""
    try:
        letter.send()
    except smtplib.SMTPRecipientsRefused as error:
        # Servers that know no sender yet, or a full mailbox, say 4xx: later they may take it.
        if all(500 <= code < 600 for code, _ in error.recipients.values()):
            raise UndeliverableError(
                "The mail server does not know the address.", permanent=True
            ) from None
        raise UndeliverableError("The mail server does not take the mail yet.") from None
    except smtplib.SMTPResponseException as error:
        raise UndeliverableError(
            f"The mail server answered {error.smtp_code}.",
            permanent=500 <= error.smtp_code < 600 and not isinstance(error, _OF_THE_SERVER),
        ) from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise UndeliverableError(
            f"The mail could not be handed over: {type(error).__name__}."
        ) from error


_OF_THE_SERVER = (
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPSenderRefused,
)
"""Answers about the portal, not about this mail: once it is set up rightly they are different."""

FOR_DECIDERS = frozenset({Kind.TO_DECIDE, Kind.REMINDER})
"""Kinds that only concern who may decide at the moment the mail is sent."""


def _relevant(row: Outgoing, person: Person) -> list[Notification]:
    standing = standing_of(person)
    rows = visible_notifications(standing).filter(still_matters(), outgoing=row).order_by("pk")
    told = with_clusters(rows, "request__cluster").select_related("request__renews__request")
    return [one for one in told if one.kind not in FOR_DECIDERS or _may_decide(standing, one)]


def _may_decide(standing: object, told: Notification) -> bool:
    return told.request is not None and rules.may_decide(standing, told.request)


def _portal() -> str:
    return settings.PUBLIC_URL.rstrip("/")


def _message_id(row: Outgoing) -> str:
    """Return an id that is the same in all attempts, and that no mail of another portal has.

    Mail servers throw away what has an id they know, and portals may share a sender.
    """
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return f"<{row.key}-{row.created_at:%Y%m%d%H%M%S}@{host}>"
