"""Pictures as geometry: what is drawn where."""
