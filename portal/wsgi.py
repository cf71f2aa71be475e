"""The WSGI entrance, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from portal.guard import refuse_unsafe_setup

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()
refuse_unsafe_setup()
