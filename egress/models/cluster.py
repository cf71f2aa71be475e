"""Clusters the portal serves, and what is known of their namespaces."""

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q

from egress.domain.access import ClusterProfile, Enforcement, NamespaceFacts

ENFORCEMENTS = [(choice.value, choice.value) for choice in Enforcement]


class Cluster(models.Model):
    """A Kubernetes cluster with its mesh facts and sealed credentials.

    `credentials` is a kubeconfig encrypted with the keys of the environment; only
    `services.clusters.open_gateway` unseals it. `uid` is that of the `kube-system` namespace,
    pinned when the cluster is connected: another cluster under the same address is refused.
    """

    class DriftPolicy(models.TextChoices):
        HEAL = "heal", "Heal"
        FLAG = "flag", "Flag"

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

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def profile(self, installation: str) -> ClusterProfile:
        """Return the facts the domain needs, under this portal's installation id."""
        return ClusterProfile(
            installation=installation,
            enforcement=Enforcement(self.enforcement),
            trust_domain=self.trust_domain,
            cluster_domain=self.cluster_domain,
            root_namespace=self.root_namespace,
            egress_namespace=self.egress_namespace,
            istio_version=self.istio_version,
        )


class Namespace(models.Model):
    """A namespace of the synced inventory. A name made again under another uid is another row.

    `owner_label` is the team named by the namespace's label; `owner` is set by an admin and
    wins. `default_deny` is the standing decision that only registered hosts may be reached.
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
