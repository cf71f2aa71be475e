"""What people type into the pages, checked before a service sees it."""
