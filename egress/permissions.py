"""Makes the rights known to Django, for `has_perm`."""

from collections.abc import Callable

from rules.permissions import add_perm, perm_exists
from rules.predicates import predicate

from egress.rules import ABOUT_AN_OBJECT, ABOUT_THE_PORTAL


def register() -> None:
    """Make the permissions known to Django, once."""
    for name, test in {**ABOUT_AN_OBJECT, **ABOUT_THE_PORTAL}.items():
        if not perm_exists(name):  # type: ignore[no-untyped-call]
            allows = permission_by(test, name in ABOUT_AN_OBJECT)
            add_perm(name, predicate(allows, name=name))  # type: ignore[no-untyped-call]


def permission_by(
    test: Callable[..., bool], needs_object: bool
) -> Callable[[object, object], bool]:
    """Return the test that Django asks: a right on one object allows nothing without one."""

    def allows(who: object, target: object = None) -> bool:
        if needs_object and target is None:
            return False
        return test(who, target)

    return allows
