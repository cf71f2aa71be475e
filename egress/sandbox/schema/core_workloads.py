"""Pod and Deployment: what the sandbox looks into is described, the rest is kept as it is.

Source: the API reference of Kubernetes 1.36.
"""

from __future__ import annotations

from .build import (
    anything,
    boolean,
    choice,
    int_or_text,
    integer,
    kind,
    listing,
    mapping,
    needed,
    obj,
    rule,
    text,
    texts,
)
from .core_common import Fields, Object, conditions, label_selector, protocol
from .metadata import OBJECT_META
from .node import Node, Root


def _container() -> Node:
    ports = obj(
        {"containerPort": integer(form="int32"), "protocol": protocol()},
        required=("containerPort",),
        preserve_unknown=True,
    )
    named = obj({"name": text()}, required=("name",), preserve_unknown=True)
    mounted = obj({"mountPath": text()}, required=("mountPath",), preserve_unknown=True)
    device = obj({"devicePath": text()}, required=("devicePath",), preserve_unknown=True)
    return obj(
        {
            "name": text(),
            "image": text(),
            "command": texts(),
            "args": texts(),
            "workingDir": text(),
            "ports": listing(ports, keys=("containerPort", "protocol")),
            "env": listing(named, keys=("name",)),
            "envFrom": listing(anything()),
            "volumeMounts": listing(mounted, keys=("mountPath",)),
            "volumeDevices": listing(device, keys=("devicePath",)),
            "resources": obj(preserve_unknown=True, default={}),
            "imagePullPolicy": choice("Always", "IfNotPresent", "Never"),
            "terminationMessagePath": text(default="/dev/termination-log"),
            "terminationMessagePolicy": choice("FallbackToLogsOnError", "File", default="File"),
        },
        required=("name",),
        preserve_unknown=True,
    )


def _pod_spec() -> Node:
    named = obj({"name": text()}, required=("name",), preserve_unknown=True)
    spread = obj({}, preserve_unknown=True)
    alias = obj({"ip": text(), "hostnames": texts()}, required=("ip",))
    return obj(
        {
            "containers": listing(_container(), keys=("name",)),
            "initContainers": listing(_container(), keys=("name",)),
            "ephemeralContainers": listing(named, keys=("name",)),
            "volumes": listing(named, keys=("name",)),
            "imagePullSecrets": listing(obj({"name": text()}), keys=("name",)),
            "hostAliases": listing(alias, keys=("ip",)),
            "topologySpreadConstraints": listing(spread, keys=("topologyKey", "whenUnsatisfiable")),
            "tolerations": listing(anything()),
            "nodeSelector": mapping(text(), atomic=True),
            "nodeName": text(),
            "serviceAccountName": text(),
            "serviceAccount": text(),
            "automountServiceAccountToken": boolean(),
            "hostNetwork": boolean(),
            "restartPolicy": choice("Always", "Never", "OnFailure", default="Always"),
            "dnsPolicy": text(default="ClusterFirst"),
            "terminationGracePeriodSeconds": integer(form="int64", default=30),
            "schedulerName": text(default="default-scheduler"),
            "securityContext": obj(preserve_unknown=True, default={}),
        },
        preserve_unknown=True,
        rules=[needed(".containers", lambda spec: bool(spec.get("containers")))],
    )


def _complete_containers(spec: Object) -> None:
    for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
        image = str(container.get("image", ""))
        tag = image.rpartition("/")[2].partition(":")[2]
        latest = "@" not in image and tag in ("", "latest")
        container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")


def _complete_pod(pod: Object) -> None:
    if isinstance(pod.get("spec"), dict):
        _complete_containers(pod["spec"])


def _pod() -> Node:
    address = obj({"ip": text()}, required=("ip",))
    status = obj(
        {
            "conditions": conditions(),
            "podIPs": listing(address, keys=("ip",)),
            "hostIPs": listing(obj({"ip": text()})),
            "phase": text(),
        },
        preserve_unknown=True,
    )
    root = Root("", "v1", "Pod", "pods", description="Containers that run.", complete=_complete_pod)
    return kind(
        root,
        {"spec": _pod_spec(), "status": status},
        rules=[needed("spec.containers", lambda pod: "spec" in pod)],
    )


def _selects_its_own(spec: Fields) -> bool:
    labels = spec["template"].get("metadata", {}).get("labels", {})
    wanted = spec["selector"].get("matchLabels", {})
    return all(labels.get(key) == value for key, value in wanted.items())


def _complete_deployment(deployment: Object) -> None:
    spec = deployment.get("spec")
    if not isinstance(spec, dict):
        return
    if spec["strategy"].get("type") == "RollingUpdate":
        limits = spec["strategy"].setdefault("rollingUpdate", {})
        limits.setdefault("maxUnavailable", "25%")
        limits.setdefault("maxSurge", "25%")
    template = spec.get("template")
    if isinstance(template, dict) and isinstance(template.get("spec"), dict):
        _complete_containers(template["spec"])


def _deployment() -> Node:
    limits = obj({"maxUnavailable": int_or_text(), "maxSurge": int_or_text()})
    strategy = obj(
        {
            "type": choice("Recreate", "RollingUpdate", default="RollingUpdate"),
            "rollingUpdate": limits,
        },
        default={},
    )
    template = obj({"metadata": OBJECT_META, "spec": _pod_spec()})
    spec = obj(
        {
            "replicas": integer(0, form="int32", default=1),
            "selector": label_selector(),
            "template": template,
            "strategy": strategy,
            "minReadySeconds": integer(0, form="int32"),
            "revisionHistoryLimit": integer(0, form="int32", default=10),
            "paused": boolean(),
            "progressDeadlineSeconds": integer(0, form="int32", default=600),
        },
        required=("selector", "template"),
        rules=[
            rule(
                "`selector` does not match template `labels`",
                _selects_its_own,
                at=".template.metadata.labels",
            )
        ],
    )
    status = obj({"conditions": conditions()}, preserve_unknown=True)
    root = Root(
        "apps",
        "v1",
        "Deployment",
        "deployments",
        description="Keeps a number of equal pods running.",
        complete=_complete_deployment,
    )
    return kind(root, {"spec": spec, "status": status}, required=("spec",))


POD = _pod()
DEPLOYMENT = _deployment()
