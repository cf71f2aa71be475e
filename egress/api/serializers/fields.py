"""Fields that take what they name and nothing that could be read as it.

A pipeline that sends `"false"` for a yes or no has a fault, and should hear of it here instead of
being understood by luck.
"""

from typing import Any, ClassVar

from rest_framework import serializers

from egress.domain.wording import listed, quoted


class Text(serializers.CharField):
    """A JSON string. NUL and half characters are refused, because no database keeps them."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "Send a text, in quotes."}

    def to_internal_value(self, data: Any) -> str:
        """Return the text. Raises ValidationError for everything else, numbers included."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A JSON number without a fraction."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Send a whole number, without quotes."
    }

    def to_internal_value(self, data: Any) -> int:
        """Return the number. Raises ValidationError for texts, yes or no, and fractions."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


class WholeInAddress(serializers.IntegerField):
    """A whole number in the query of an address, in plain digits."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "Write a whole number."}

    def to_internal_value(self, data: Any) -> int:
        """Return the number. Raises ValidationError for everything but up to ten digits."""
        if not (isinstance(data, str) and data.isascii() and data.isdecimal() and len(data) <= 10):
            self.fail("invalid")
        return int(data)


class Flag(serializers.BooleanField):
    """JSON's true or false."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Send true or false, without quotes."
    }

    def to_internal_value(self, data: Any) -> bool:
        """Return yes or no. Raises ValidationError for everything that only looks like it."""
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class OneOf(serializers.ChoiceField):
    """One of a few texts."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text. Raises ValidationError naming the choices for every other value."""
        if not isinstance(data, str) or data not in self.choices:
            raise serializers.ValidationError(
                f"{quoted(data)} is not known here. Choose {listed([*map(str, self.choices)])}."
            )
        return data
