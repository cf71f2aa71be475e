"""Rows of lists with the cluster they belong to, without what only its own page shows."""

from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def with_clusters(rows: QuerySet[Row], *paths: str) -> QuerySet[Row]:
    """Return rows with the clusters at `paths` joined, by default at `cluster`, less their posture.

    That has more than 100 kB on a large cluster, and would be read and decoded for each row. Where
    it is asked for all the same, Django reads it then.
    """
    joined = paths or ("cluster",)
    return rows.select_related(*joined).defer(*(f"{path}__posture" for path in joined))
