"""The WSGI entrance, for gunicorn."""

import os
from importlib import import_module

from django.conf import settings
from django.core.signals import request_finished
from django.core.wsgi import get_wsgi_application

from egress.domain.collecting import (
    collect_between_answers,
    collect_if_due,
    keep_what_is_loaded,
)
from portal.guard import refuse_unsafe_setup

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()
refuse_unsafe_setup()
# Every page is imported now instead of while somebody waits for the first of them.
import_module(settings.ROOT_URLCONF)
keep_what_is_loaded()
collect_between_answers()
# The answer has been sent by then.
request_finished.connect(collect_if_due)
