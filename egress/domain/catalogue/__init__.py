"""Presets that come with the portal: services many companies use, as data.

Only exact hosts that do not depend on a customer or a region stand here. Package indexes of
programming languages do not: companies have their own mirrors, and admins add those.
"""

from egress.domain.catalogue.business import BUSINESS
from egress.domain.catalogue.development import DEVELOPMENT
from egress.domain.catalogue.operations import OPERATIONS
from egress.domain.catalogue.preset import Category, Preset

PRESETS: tuple[Preset, ...] = (*DEVELOPMENT, *OPERATIONS, *BUSINESS)

__all__ = ["PRESETS", "Category", "Preset"]
