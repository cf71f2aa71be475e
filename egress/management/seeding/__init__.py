"""A company of a given size, for measuring the portal: made in bulk, past the services."""
