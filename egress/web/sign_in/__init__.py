"""How the portal's rules about signing in reach django-allauth, and every page afterwards."""
