"""Pictures as plain geometry: what is drawn where. Templates in `templates/pictures/` draw it."""
