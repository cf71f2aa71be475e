"""How much is to be said against a request, as a number."""

from django.db import models


class Risk(models.IntegerChoices):
    """The highest level among the findings on a request, as a number to sort by."""

    CLEAR = 0, "clear"
    INFO = 1, "info"
    WARN = 2, "warn"
    REVIEW = 3, "review"
    BLOCK = 4, "block"
