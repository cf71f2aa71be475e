"""All settings, each from one environment variable (docs/settings.md lists them)."""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF

from portal import accounts, env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("EGRESS_VAR_DIR", str(BASE_DIR / "var")))
VERSION = "0.1.0"

# --- safety -----------------------------------------------------------------
DEMO = env.flag("EGRESS_DEMO", False)
DEBUG = env.flag("EGRESS_DEBUG", False)
# Building an image, running tests or rendering files needs no key; serving does (check E001).
DEFAULT_SECRET_KEY = "only-for-tests-and-collectstatic-never-for-a-running-portal"  # noqa: S105
SECRET_KEY = env.text("EGRESS_SECRET_KEY", DEFAULT_SECRET_KEY)
SECRET_KEY_FALLBACKS = env.words("EGRESS_SECRET_KEY_FALLBACKS")
# Keys that encrypt cluster credentials at rest: the first encrypts, all decrypt.
CREDENTIAL_KEYS = env.words("EGRESS_CREDENTIAL_KEYS")
ALLOWED_HOSTS = env.words("EGRESS_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("EGRESS_TRUSTED_ORIGINS")
PUBLIC_URL = env.text("EGRESS_PUBLIC_URL", "http://127.0.0.1:8000")
BEHIND_TLS = env.flag("EGRESS_BEHIND_TLS", not (DEMO or DEBUG))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
if env.flag("EGRESS_BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_AGE = int(env.number("EGRESS_SESSION_HOURS", 12) * 3600)
SESSION_COOKIE_NAME = "egress_session"
CSRF_COOKIE_NAME = "egress_csrf"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# --- Django -----------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "bootstrap",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_structlog",
    "rules",
    "csp",
    "egress",
    *accounts.APPS,
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Static files are compressed once, when they are collected; this is for the pages. What a page
    # keeps secret, its CSRF token, is masked anew in each answer.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "egress.web.errors.ServiceErrors",
    "egress.web.sign_in.upkeep.SignInUpkeep",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
ASGI_APPLICATION = "portal.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "egress.web.context.portal",
            ],
        },
    },
]
DATABASES = {"default": env.database("EGRESS_DATABASE_URL", f"sqlite:///{VAR_DIR}/portal.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "egress.Person"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "egress.backend.PeopleBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
globals().update(accounts.of_allauth())
OIDC_PROVIDERS = accounts.providers("EGRESS_OIDC_FILE")
MFA_REQUIRED = accounts.required_factor("EGRESS_MFA_REQUIRED")
TRUSTED_PROXIES = env.words("EGRESS_TRUSTED_PROXIES")
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if BEHIND_TLS else "http"
# A key may be tried in the demo, which has no TLS; browsers allow it on localhost.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
CSRF_FAILURE_VIEW = "egress.web.views.lost.csrf_failed"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- API --------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "egress.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "egress.api.paging.NewestFirst",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "egress.api.schema.PortalSchema",
    "EXCEPTION_HANDLER": "egress.api.problems.problem_response",
    "UNICODE_JSON": True,
    # `?format=` is a parameter of exports, not another way to negotiate.
    "URL_FORMAT_OVERRIDE": None,
}
API_CALLS_A_MINUTE = int(env.number("EGRESS_API_CALLS_A_MINUTE", 600))
API_STRANGERS_A_MINUTE = int(env.number("EGRESS_API_STRANGERS_A_MINUTE", 60))
API_WAITS_AT_ONCE = int(env.number("EGRESS_API_WAITS_AT_ONCE", 4))
SPECTACULAR_SETTINGS = {
    "TITLE": "Egress Portal",
    "DESCRIPTION": "Ask for, decide, and end access of workloads to external hosts.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
}

# --- Celery: rings the bell, nothing more -------------------------------------
CELERY_BROKER_URL = env.text("EGRESS_BROKER_URL", "filesystem://localhost/")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "converge"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = None
# Celery would fork after the loops of the worker have begun: children would share connections to
# clusters, and wait for ever on locks that threads of the parent held in that moment.
CELERY_WORKER_POOL = "threads"
if CELERY_BROKER_URL.startswith("filesystem://"):
    CELERY_BROKER_TRANSPORT = "portal.file_queue:Transport"
    QUEUE_DIR = VAR_DIR / "queue"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        # One folder both ways: what the web process writes is what the worker reads.
        "data_folder_in": str(QUEUE_DIR),
        "data_folder_out": str(QUEUE_DIR),
        "control_folder": str(VAR_DIR / "queue-control"),
        "polling_interval": 0.1,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 5}

# --- convergence (seconds; the fault harness scales them down) ------------------
SWEEP_SECONDS = env.number("EGRESS_SWEEP_SECONDS", 10)
LEASE_SECONDS = env.number("EGRESS_LEASE_SECONDS", 60)
CALL_TIMEOUT_SECONDS = env.number("EGRESS_CALL_TIMEOUT_SECONDS", 10)
FULL_SWEEP_SECONDS = env.number("EGRESS_FULL_SWEEP_SECONDS", 60)
POSTURE_SECONDS = env.number("EGRESS_POSTURE_SECONDS", 30)
RELIST_SECONDS = env.number("EGRESS_RELIST_SECONDS", 300)
CONVERGE_THREADS = int(env.number("EGRESS_CONVERGE_THREADS", 8))
REQUESTS_AT_ONCE = int(env.number("EGRESS_REQUESTS_AT_ONCE", 32))

# --- policy limits (days) ---------------------------------------------------------
MAX_DURATION_DAYS = int(env.number("EGRESS_MAX_DURATION_DAYS", 365))
DEFAULT_DURATION_DAYS = int(env.number("EGRESS_DEFAULT_DURATION_DAYS", 90))
MAX_DESTINATIONS = int(env.number("EGRESS_MAX_DESTINATIONS", 20))
PACKAGE_HOSTS = env.words("EGRESS_PACKAGE_HOSTS")
REQUEST_LAPSE_DAYS = env.number("EGRESS_REQUEST_LAPSE_DAYS", 14)
REMIND_HOURS = env.number("EGRESS_REMIND_HOURS", 24)
ESCALATE_HOURS = env.number("EGRESS_ESCALATE_HOURS", 72)
BREAK_GLASS_HOURS = int(env.number("EGRESS_BREAK_GLASS_HOURS", 4))
SECOND_LOOK_HOURS = env.number("EGRESS_SECOND_LOOK_HOURS", 24)
GRANT_LAPSE_DAYS = env.number("EGRESS_GRANT_LAPSE_DAYS", 7)
REMINDER_DAYS = env.number("EGRESS_REMINDER_DAYS", 7)
RECERTIFY_ANNOUNCE_DAYS = env.number("EGRESS_RECERTIFY_ANNOUNCE_DAYS", 14)
OWNER_LABEL = env.text("EGRESS_OWNER_LABEL", "egress-portal.io/owner")
OWNER_ANNOTATION = env.text("EGRESS_OWNER_ANNOTATION", "")
INSTALLATION = env.text("EGRESS_INSTALLATION", "main")

# --- notifications ------------------------------------------------------------------
globals().update(env.mail("EGRESS_MAIL_URL"))
MAIL_ENABLED = bool(env.text("EGRESS_MAIL_URL", ""))
DEFAULT_FROM_EMAIL = env.text("EGRESS_MAIL_FROM", "Egress Portal <egress-portal@localhost>")
CHANNELS_TO_PRIVATE = env.flag("EGRESS_CHANNELS_TO_PRIVATE", False)

# --- logs -------------------------------------------------------------------------
LOG_FORMAT = env.text("EGRESS_LOG_FORMAT", "console" if DEMO or DEBUG else "json")
LOG_LEVEL = env.text("EGRESS_LOG_LEVEL", "INFO")
from portal.logging import configure  # noqa: E402  (needs LOG_FORMAT and LOG_LEVEL)

LOGGING = configure(LOG_FORMAT, LOG_LEVEL)
