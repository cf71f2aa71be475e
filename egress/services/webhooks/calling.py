"""Calls one webhook: over https, to public addresses, without redirects, signed."""

import os
import threading
from datetime import UTC, datetime

import requests
from standardwebhooks import Webhook as Signer

from egress.domain.webhooks import CONTENT_TYPE
from egress.models import Outgoing, Webhook
from egress.services import outside
from egress.services.convergence.clock import database_now
from egress.services.credentials import CredentialsUnreadableError, unseal
from egress.services.undeliverable import UndeliverableError

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
LONGEST_SECONDS = 20.0
"""How long the whole call may take before nobody waits for it any more."""


def call(row: Outgoing, webhook: Webhook) -> bool:
    """Send a message to its webhook. False when that is retired. Raises UndeliverableError."""
    if not webhook.is_active:
        return False
    now = database_now()
    try:
        url, headers = unseal(bytes(webhook.sealed_url)), signed_headers(row, webhook, now)
    except CredentialsUnreadableError:
        raise UndeliverableError(
            "Its address or secret cannot be read with the keys in EGRESS_CREDENTIAL_KEYS."
        ) from None
    attempt = _Attempt(url, row.body.encode(), headers)
    # Who answers a byte at a time must not hold up what goes elsewhere.
    caller = threading.Thread(target=attempt.run, name="egress-webhook", daemon=True)
    caller.start()
    caller.join(LONGEST_SECONDS)
    if problem := attempt.problem if not caller.is_alive() else "It did not answer in time.":
        raise UndeliverableError(problem)
    return True


def signed_headers(row: Outgoing, webhook: Webhook, now: datetime) -> dict[str, str]:
    """Return the headers of a call at `now`: id, time and signatures of Standard Webhooks.

    While the secret changes there are two signatures, of the new and of the old one. The id stays
    the same through all attempts. Raises CredentialsUnreadableError.
    """
    # The library signs with the local time zone of a naive moment, so it gets an aware one.
    moment = now.astimezone(UTC)
    signatures = [
        Signer(secret).sign(row.key, moment, row.body) for secret in _secrets(webhook, now)
    ]
    return {
        "content-type": CONTENT_TYPE,
        "user-agent": "egress-portal",
        "webhook-id": row.key,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _secrets(webhook: Webhook, now: datetime) -> list[str]:
    secrets = [unseal(bytes(webhook.sealed_secret))]
    if webhook.old_secret_until and webhook.old_secret_until > now:
        secrets.append(unseal(bytes(webhook.sealed_old_secret)))
    return secrets


class _Attempt:
    """One call, made in a thread of its own. `problem` is empty when it was taken."""

    def __init__(self, url: str, body: bytes, headers: dict[str, str]) -> None:
        self._url, self._body, self._headers = url, body, headers
        self.problem = "It was not called."

    def run(self) -> None:
        """Call, and note what came of it, without anything of the address or the answer."""
        try:
            with outside.only(), requests.Session() as session:
                # Neither a proxy nor credentials from the worker's environment; its authorities.
                session.trust_env = False
                session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
                with session.post(
                    self._url,
                    data=self._body,
                    headers=self._headers,
                    timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                    allow_redirects=False,
                    stream=True,
                ) as answer:
                    taken = 200 <= answer.status_code < 300
                    self.problem = "" if taken else f"It answered {answer.status_code}."
        except requests.exceptions.SSLError:
            self.problem = "It did not prove who it is."
        except requests.exceptions.Timeout:
            self.problem = "It did not answer in time."
        except Exception:
            refused = outside.was_refused()
            self.problem = outside.REFUSED if refused else "It could not be reached."
