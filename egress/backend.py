"""Who may have a session: people. Robots call by token."""

from typing import Any

from django.contrib.auth.backends import ModelBackend


class PeopleBackend(ModelBackend):
    """Signs people in by password. A robot gets no session, and none that was made for one holds.

    Django asks it for the person of every session, too.
    """

    def user_can_authenticate(self, user: Any) -> bool:
        """Tell whether the account is an active one of a person."""
        return super().user_can_authenticate(user) and not user.is_robot
