"""What the buttons of the request form do that change it without sending it."""

from dataclasses import dataclass, field, replace

from egress.domain.wording import quoted
from egress.models import CatalogueEntry
from egress.web.forms.request import TypedRequest
from egress.web.request_fixes import mended
from egress.web.request_form import Noted

_FILLED_IN = "Nothing was sent yet: {} was filled in. Look at the destinations, then send."


@dataclass(frozen=True)
class Pressed:
    """The form after a button was pressed, what that has to say, and where the focus goes.

    `compares` tells that the cluster is to be read.
    """

    typed: TypedRequest
    noted: Noted = field(default_factory=Noted)
    focus: str = ""
    compares: bool = False


def press(typed: TypedRequest, action: str) -> Pressed | None:
    """Return what the button of that value makes of the form, None when it is to be sent.

    Nobody sends a form beside which something was pasted or chosen and is not part of it yet.
    """
    if action == "add":
        return Pressed(typed.with_blank_row(), focus=f"destinations-{len(typed.rows)}-host")
    if action == "paste":
        return with_pasted(typed)
    if action == "preset":
        return with_preset(typed)
    if action in ("check", "compare"):
        return Pressed(typed, compares=action == "compare")
    changed = mended(typed, action)
    if changed is not None:
        return Pressed(changed, focus=_place_of(action, changed))
    if typed.preset.strip():
        return _instead_of_sending(with_preset(typed), "the service you chose")
    if typed.paste.strip():
        return _instead_of_sending(with_pasted(typed), "what you pasted")
    return None


def with_pasted(typed: TypedRequest) -> Pressed:
    """Return the form with the pasted text turned into destinations."""
    pasted, problems, remarks = typed.with_pasted()
    errors = {"paste": problems} if problems else {}
    return Pressed(pasted, Noted(errors, remarks), focus="paste")


def with_preset(typed: TypedRequest) -> Pressed:
    """Return the form with the destinations of the catalogue entry named there, if there is one."""
    name = typed.preset.strip().replace("\0", "")
    entries = CatalogueEntry.objects.filter(is_active=True)
    entry = entries.filter(name=name).first() or entries.filter(title__iexact=name).first()
    if entry is None:
        sentence = f"The catalogue has no service {quoted(name)}. Choose one that is suggested."
        return Pressed(typed, Noted({"preset": [sentence]} if name else {}), focus="preset")
    return Pressed(typed.with_preset(entry), focus="preset")


def _instead_of_sending(pressed: Pressed, what: str) -> Pressed:
    noted = pressed.noted
    if noted.errors:
        sentence = "Nothing was sent: mend what stands below, or empty that field."
    else:
        sentence = _FILLED_IN.format(what)
    return replace(pressed, noted=replace(noted, general=(sentence,)))


def _place_of(action: str, typed: TypedRequest) -> str:
    """Return the input that a fix was about: the nearest destination, or the field it set."""
    kind, _, detail = action.partition(":")
    if kind == "set":
        return detail.partition("=")[0]
    first = detail.partition(":")[0].partition(",")[0]
    last = len(typed.rows) - 1
    at = int(first) - 1 if kind == "remove" else int(first)
    return f"destinations-{max(0, min(at, last))}-host"
