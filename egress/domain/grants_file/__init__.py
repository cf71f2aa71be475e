"""Grants out of a YAML file, for `manage.py render`: no database, no cluster.

Everything wrong with a file is reported at once, each with line, column and path. The format is
described in docs/render.md.
"""

from egress.domain.grants_file.parse import (
    MAX_CHARACTERS,
    GrantsFile,
    parse_grants_file,
    render_grants_file,
)
from egress.domain.grants_file.reader import GrantsFileError, Problem

__all__ = [
    "MAX_CHARACTERS",
    "GrantsFile",
    "GrantsFileError",
    "Problem",
    "parse_grants_file",
    "render_grants_file",
]
