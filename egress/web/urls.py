"""Which address leads to which page."""

from django.urls import URLPattern, URLResolver, path

from egress.web.urls_authority import urlpatterns as authority_pages
from egress.web.urls_records import urlpatterns as record_pages
from egress.web.urls_sign_in import urlpatterns as sign_in_pages
from egress.web.views import (
    drafts,
    home,
    queue,
    queue_filters,
    request,
    request_new,
    requests,
    search,
    style,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("search", search.search, name="search"),
    path("requests", requests.request_list, name="requests"),
    path("requests/new", request_new.new, name="request-new"),
    path("requests/preview", request_new.preview, name="request-preview"),
    path("requests/options", request_new.options, name="request-options"),
    path("requests/drafts", drafts.keep, name="draft-keep"),
    path("requests/drafts/drop", drafts.drop, name="draft-drop"),
    path("requests/<int:pk>", request.detail, name="request"),
    path("requests/<int:pk>/edit", request_new.edit, name="request-edit"),
    path("requests/<int:pk>/progress", request.progress, name="request-progress"),
    path("requests/<int:pk>/decide", request.decide, name="request-decide"),
    path("requests/<int:pk>/withdraw", request.withdraw, name="request-withdraw"),
    path("requests/<int:pk>/comment", request.comment, name="request-comment"),
    path("queue", queue.queue, name="queue"),
    path("queue/decide", queue.decide_together, name="queue-decide"),
    path("queue/filters", queue_filters.save, name="queue-filter-save"),
    path("queue/filters/<int:pk>/remove", queue_filters.remove, name="queue-filter-remove"),
    path("queue/<int:pk>", queue.row, name="queue-row"),
    path("queue/<int:pk>/decide", queue.decide, name="queue-row-decide"),
    path("style", style.style, name="style"),
    path("style/toast", style.style_toast, name="style-toast"),
]
urlpatterns += [*sign_in_pages, *record_pages, *authority_pages]
