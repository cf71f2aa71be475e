"""The OpenAPI description, and the page that lets people try it."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView


class AnyAnswer(BaseContentNegotiation):
    """Gives what there is, whatever kind of answer the caller would like."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        """Return the only parser."""
        return parsers[0]

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        """Return the only renderer; it renders problems."""
        return renderers[0], renderers[0].media_type


class PublicView(APIView):
    """Something that anybody may read: it tells nothing that is not in the source."""

    authentication_classes = []
    permission_classes = [AllowAny]
    content_negotiation_class = AnyAnswer
    http_method_names = ["get", "head"]
    schema = None


@cache
def openapi(kind: str) -> tuple[bytes, str]:
    """Return the description as `json` or `yaml`, and its media type. Made once per process."""
    described = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    renderer = OpenApiJsonRenderer() if kind == "json" else OpenApiYamlRenderer()
    return renderer.render(described, renderer_context={}), str(renderer.media_type)


class Schema(PublicView):
    """The OpenAPI 3.1 description: YAML, or JSON with `?format=json` or by `Accept`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer the description."""
        asked = request.GET.get("format") or request.headers.get("Accept", "")
        content, media_type = openapi("json" if "json" in asked else "yaml")
        return HttpResponse(content, content_type=media_type, headers={"Vary": "Accept"})


class Docs(PublicView):
    """The description as a page, with everything it needs from this portal."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer the page."""
        return render(request._request, "drf_spectacular/docs.html")  # type: ignore[attr-defined]


class Root(PublicView):
    """The front door of the API."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Lead to the page."""
        return HttpResponseRedirect(reverse("api-docs"))
