"""kubectl egress: Egress Portal from the command line. It speaks to the portal's API alone."""

__version__ = "0.1.0"
