"""The ASGI entrance, for servers that want one."""

import os

from django.core.asgi import get_asgi_application

from portal.guard import refuse_unsafe_setup

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_asgi_application()
refuse_unsafe_setup()
