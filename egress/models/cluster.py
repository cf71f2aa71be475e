"""Clusters the portal serves, and what is known of their namespaces."""

from collections.abc import Mapping

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q

from egress.domain.access import ClusterProfile, Enforcement, GatewayProfile, NamespaceFacts
from egress.domain.recertification import DEFAULT_CYCLE_DAYS

ENFORCEMENTS = [(choice.value, choice.value) for choice in Enforcement]


class Cluster(models.Model):
    """A Kubernetes cluster with its mesh facts and sealed credentials.

    `credentials` is a kubeconfig encrypted with the keys of the environment; only
    `services.clusters.open_gateway` unseals it. `uid` is that of the `kube-system` namespace,
    pinned when the cluster is connected: another cluster under the same address is refused.

    `gateways` is a list of the fields of `GatewayProfile` that differ from its defaults, empty for
    one gateway as bootstrap makes it. `private_zones` and `private_ranges` are what admins opened
    for review, `own_ranges` the cluster's and its nodes' own. `posture` is a list of the checks
    of istio.md 3.10 as last seen, `attestations` maps their ids to {by, at, note} of an admin who
    vouches for what cannot be read. `generator_version` is the highest one that wrote to the
    cluster: renderers of a lower one leave it alone.

    `owner_by_admin`, `owner_by_label` and `owner_by_review` choose what tells who owns a
    namespace, as docs/ownership.md says. The columns `review_*` say under which names the cluster
    knows people and their teams when it is asked for a review.

    `recertify_days` is the cycle on which owners confirm grants, 0 for none; `recertified_at` when
    grants were last looked through for that.
    """

    class DriftPolicy(models.TextChoices):
        HEAL = "heal", "Heal"
        FLAG = "flag", "Flag"

    class ReviewUser(models.TextChoices):
        USERNAME = "username", "Their sign-in name"
        EMAIL = "email", "Their e-mail address"

    name = models.SlugField(max_length=63, unique=True)
    enforcement = models.CharField(max_length=16, choices=ENFORCEMENTS, default="gateway")
    trust_domain = models.CharField(max_length=253, default="cluster.local")
    cluster_domain = models.CharField(max_length=253, default="cluster.local")
    root_namespace = models.CharField(max_length=63, default="istio-system")
    egress_namespace = models.CharField(max_length=63, default="istio-egress")
    istio_version = models.CharField(max_length=32, blank=True)
    kubernetes_version = models.CharField(max_length=32, blank=True)
    mesh = models.JSONField(default=dict, blank=True)
    checks = models.JSONField(default=list, blank=True)
    gateways = models.JSONField(default=list, blank=True)
    central_entries = models.BooleanField(default=False)
    rules_at_clients = models.BooleanField(default=False)
    private_zones = models.JSONField(default=list, blank=True)
    private_ranges = models.JSONField(default=list, blank=True)
    own_ranges = models.JSONField(default=list, blank=True)
    posture = models.JSONField(default=list, blank=True)
    posture_at = models.DateTimeField(null=True, blank=True)
    attestations = models.JSONField(default=dict, blank=True)
    is_sandbox = models.BooleanField(default=False)
    drift_policy = models.CharField(max_length=8, choices=DriftPolicy, default=DriftPolicy.HEAL)
    server = models.CharField(max_length=255, blank=True)
    uid = models.CharField(max_length=64, unique=True)
    credentials = models.BinaryField()
    connected_at = models.DateTimeField(auto_now_add=True)
    reachable = models.BooleanField(default=True)
    reached_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    inventory_at = models.DateTimeField(null=True, blank=True)
    swept_at = models.DateTimeField(null=True, blank=True)
    generator_version = models.PositiveIntegerField(default=0, db_default=0)
    owner_by_admin = models.BooleanField(default=True, db_default=True)
    owner_by_label = models.BooleanField(default=True, db_default=True)
    owner_by_review = models.BooleanField(default=False, db_default=False)
    review_user = models.CharField(
        max_length=16, choices=ReviewUser, default=ReviewUser.USERNAME, db_default="username"
    )
    review_user_prefix = models.CharField(max_length=100, blank=True, default="", db_default="")
    review_teams = models.BooleanField(default=True, db_default=True)
    review_team_prefix = models.CharField(max_length=100, blank=True, default="", db_default="")
    recertify_days = models.PositiveIntegerField(
        default=DEFAULT_CYCLE_DAYS, db_default=DEFAULT_CYCLE_DAYS
    )
    recertified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def profile(
        self, installation: str, assignments: Mapping[str, str] | None = None
    ) -> ClusterProfile:
        """Return the facts the domain needs, under this portal's installation id.

        `assignments` maps hosts to the ids of their gateways; see `HostAssignment`.
        """
        return ClusterProfile(
            installation=installation,
            enforcement=Enforcement(self.enforcement),
            trust_domain=self.trust_domain,
            trust_domain_aliases=tuple(self.mesh.get("trust_domain_aliases") or ()),
            cluster_domain=self.cluster_domain,
            root_namespace=self.root_namespace,
            egress_namespace=self.egress_namespace,
            istio_version=self.istio_version,
            gateways=tuple(GatewayProfile(**fields) for fields in self.gateways)
            or (GatewayProfile(),),
            assignments=assignments or {},
            rules_at_clients=self.rules_at_clients,
            central_entries=self.central_entries,
            dns_capture=self.mesh.get("dns_capture"),
            flags=self.mesh.get("flags") or {},
        )


class HostAssignment(models.Model):
    """Which egress gateway serves a host: chosen once, so that a new gateway moves no host."""

    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="assignments")
    host = models.CharField(max_length=253)
    gateway = models.CharField(max_length=4)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cluster", "host"], name="one_gateway_per_host")
        ]

    def __str__(self) -> str:
        return f"{self.host} by {self.gateway}"


class Namespace(models.Model):
    """A namespace of the synced inventory. A name made again under another uid is another row.

    `owner_label` is the team named by the namespace's label or annotation, empty where the
    cluster's do not count; `owner` is set by an admin and wins. `default_deny` is the standing
    decision that only registered hosts may be reached, `network_policy` the one that nothing
    leaves past the proxies. `mesh_hosts` are in-mesh hosts, each `namespace/name`, that its
    `Sidecar` keeps where entries are central.
    """

    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="namespaces")
    name = models.CharField(max_length=63)
    uid = models.CharField(max_length=64)
    labels = models.JSONField(default=dict, blank=True)
    injected = models.BooleanField(default=False)
    pods = models.PositiveIntegerField(default=0)
    uninjected_pods = models.JSONField(default=list, blank=True)
    owner_label = models.CharField(max_length=150, blank=True)
    owner = models.ForeignKey(Group, models.SET_NULL, null=True, blank=True, related_name="+")
    enforcement = models.CharField(max_length=16, choices=ENFORCEMENTS, blank=True)
    default_deny = models.BooleanField(default=False)
    default_deny_by = models.CharField(max_length=150, blank=True)
    default_deny_at = models.DateTimeField(null=True, blank=True)
    default_deny_enforced = models.BooleanField(default=False)
    network_policy = models.BooleanField(default=False)
    network_policy_by = models.CharField(max_length=150, blank=True)
    network_policy_at = models.DateTimeField(null=True, blank=True)
    network_policy_enforced = models.BooleanField(default=False)
    mesh_hosts = models.JSONField(default=list, blank=True)
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "uid"], name="one_row_per_namespace_uid"),
            models.UniqueConstraint(
                fields=["cluster", "name"],
                condition=Q(gone_at__isnull=True),
                name="one_present_namespace_per_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_held(self) -> bool:
        """Whether the cluster holds the namespace to its grants.

        In the ambient mesh that is the network policy's doing: there is no default deny
        (istio.md 5.3).
        """
        if (self.enforcement or self.cluster.enforcement) == Enforcement.AMBIENT:
            return self.network_policy_enforced
        return self.default_deny_enforced

    @property
    def owner_name(self) -> str:
        """Return the name of the team that owns the namespace, empty without one."""
        return self.owner.name if self.owner else self.owner_label

    def facts(self, service_accounts: dict[str, str]) -> NamespaceFacts:
        """Return the facts the domain needs; `service_accounts` maps names to uids."""
        return NamespaceFacts(
            name=self.name,
            uid=self.uid,
            labels=self.labels,
            injected=self.injected,
            service_accounts=service_accounts,
            pods=self.pods,
            uninjected_pods=tuple(self.uninjected_pods),
            enforcement=Enforcement(self.enforcement) if self.enforcement else None,
            default_deny=self.default_deny,
            network_policy=self.network_policy,
            mesh_hosts=tuple(self.mesh_hosts),
        )


class ServiceAccount(models.Model):
    """A service account of the synced inventory, pinned by uid."""

    namespace = models.ForeignKey(Namespace, models.CASCADE, related_name="service_accounts")
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64)
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["namespace", "uid"], name="one_row_per_account_uid"),
            models.UniqueConstraint(
                fields=["namespace", "name"],
                condition=Q(gone_at__isnull=True),
                name="one_present_account_per_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name
