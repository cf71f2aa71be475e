"""Sends one message to a channel: over https, to public addresses, without redirects."""

import logging
import re
import threading
from typing import Any

from egress.domain.notices import OWN_SERVERS, SERVICES, masked
from egress.domain.wording import listed
from egress.services import outside
from egress.services.undeliverable import UndeliverableError

CALL_SECONDS = 10.0
"""How long connecting, and each wait for an answer, may take."""

LONGEST_SECONDS = 25.0
"""How long the whole of it may take before nobody waits for it any more."""

LONGEST_URL = 2000
_FORBIDDEN_OPTIONS = frozenset({"template", "attach"})
"""Options that name files of this machine."""

_STATUS = re.compile(r"error=(\d{3})")
_AS_WRITTEN = frozenset({"jsons"})
_HARMLESS = str.maketrans({"<": "‹", ">": "›", "@": "＠", "`": "'", "[": "(", "]": ")"})
"""People write parts of a message: in a chat these characters would call somebody, or hide where
a link leads."""


def look_at(url: str) -> str:
    """Return what may be shown of a channel's address.

    Raises ValueError with a sentence, which quotes nothing of it, when it is not accepted.
    """
    plugin = _plugin(url)
    # ntfy.sh has its topic, which is all that one needs to read it, in the place of the host.
    is_secret = getattr(plugin, "mode", "") == "cloud"
    host = "" if is_secret or not plugin.host else plugin.host
    return masked(_scheme_of(plugin), f"{host}:{plugin.port}" if host and plugin.port else host)


def send(url: str, *, title: str, text: str) -> None:
    """Send a message. Raises UndeliverableError without anything of the address."""
    try:
        plugin = _plugin(url)
    except ValueError as error:
        raise UndeliverableError(str(error), permanent=True) from None
    if _scheme_of(plugin) not in _AS_WRITTEN:
        title, text = title.translate(_HARMLESS), text.translate(_HARMLESS)
    attempt = _Attempt(plugin, title, text)
    # Who answers a byte at a time must not hold up what goes elsewhere.
    sender = threading.Thread(target=attempt.run, name="egress-channel", daemon=True)
    sender.start()
    sender.join(LONGEST_SECONDS)
    if problem := attempt.problem if not sender.is_alive() else "It did not answer in time.":
        raise UndeliverableError(problem)


class _Attempt:
    """One message, sent in a thread of its own. `problem` is empty when it was taken."""

    def __init__(self, plugin: Any, title: str, text: str) -> None:
        self._plugin, self._title, self._text = plugin, title, text
        self.problem = "It was not sent."

    def run(self) -> None:
        """Send, and note what came of it."""
        lines = _Lines()
        logger = logging.getLogger("apprise")
        logger.addHandler(lines)
        try:
            with outside.only():
                taken = self._plugin.notify(body=self._text, title=self._title)
            self.problem = "" if taken else _why_not(lines.said)
        except Exception as error:
            self.problem = f"It could not be sent: {type(error).__name__}."
        finally:
            logger.removeHandler(lines)


class _Lines(logging.Handler):
    """Keeps what the library says in this thread. It is searched for a status, never shown."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []
        self._ident = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        if record.thread == self._ident:
            self.said.append(record.getMessage())


def _why_not(lines: list[str]) -> str:
    if outside.was_refused():
        return outside.REFUSED
    for line in lines:
        if found := _STATUS.search(line):
            return f"It answered {found[1]}."
    return "It could not be reached, or did not prove who it is."


def _plugin(url: str) -> Any:
    """Return what sends to an address. Raises ValueError when it is not accepted."""
    # Slow to import, and not needed where nobody has a channel.
    import apprise

    _silence()
    if len(url) > LONGEST_URL or any(not c.isprintable() or c.isspace() for c in url):
        raise ValueError("This is no address of a channel. Paste it in one line.")
    # As the library itself reads it: another parser would find other options in odd addresses.
    parts = apprise.plugins.url_to_dict(url) or {}  # type: ignore[no-untyped-call]
    if _FORBIDDEN_OPTIONS & {*parts, *parts.get("qsd", ())}:
        raise ValueError("The options “template” and “attach” read files, so they are not allowed.")
    plugin = apprise.Apprise.instantiate(parts, suppress_exceptions=True) if parts else None
    if plugin is None or _scheme_of(plugin) == "":
        known = listed(sorted({*SERVICES.values(), *OWN_SERVERS.values()}))
        raise ValueError(
            f"This is no address of a channel that the portal knows: {known}. Own servers are "
            "reached over https only, such as jsons://hooks.example.com/egress."
        )
    plugin.redirects, plugin.verify_certificate = False, True
    plugin.socket_connect_timeout = plugin.socket_read_timeout = CALL_SECONDS
    return plugin


def _scheme_of(plugin: Any) -> str:
    """Return the accepted scheme of what sends, empty when it is none."""
    schemes = plugin.secure_protocol or ()
    names = {schemes} if isinstance(schemes, str) else set(schemes)
    if services := names & set(SERVICES):
        return min(services)
    return min(names & set(OWN_SERVERS), default="") if plugin.secure else ""


def _silence() -> None:
    """Keep the library's lines out of the log: some quote addresses."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
