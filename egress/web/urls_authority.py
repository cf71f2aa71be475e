"""Which address leads to which page about who may ask and who may decide."""

from django.urls import URLPattern, URLResolver, path

from egress.web.views import owners

urlpatterns: list[URLPattern | URLResolver] = [
    path("administration/owners", owners.owner_list, name="owners"),
    path("clusters/<slug:name>/owners", owners.cluster_owners, name="cluster-owners"),
    path("clusters/<slug:name>/owners/try", owners.try_review, name="cluster-owners-try"),
]
