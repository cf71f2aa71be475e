"""A small model of the mesh: who gets where with the objects of one moment.

It takes the side of an attacker: a pod may leave its proxy out and call the gateway itself, with
any outer name and any Host. The static objects of bootstrap are taken for granted.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from egress.domain.objects import KubeObject, ObjectKey

EGRESS = "istio-egress"
SERVICE = "egressgateway.istio-egress.svc.cluster.local"
HTTP_SNI = "http.egress-portal.internal"
Cluster = Mapping[ObjectKey, KubeObject]


class Way(NamedTuple):
    """A destination that a workload reaches, and how."""

    namespace: str
    account: str
    host: str
    port: int
    how: str


class Mesh:
    """The objects of one moment, and the questions about them."""

    def __init__(self, objects: Iterable[KubeObject], subjects: Iterable[tuple[str, str]]) -> None:
        self.objects = list(objects)
        self.subjects = sorted(subjects)

    def of(self, kind: str) -> list[KubeObject]:
        return [obj for obj in self.objects if obj["kind"] == kind]

    def attacker(self) -> set[Way]:
        """Everything that anybody gets, whatever he does."""
        return set(self._past_the_gateway()) | set(self._called_gateway()) | set(self._waypoint())

    def users(self) -> set[Way]:
        """Everything that applications get which go through their proxy."""
        led = set(self._through_proxies())
        direct = set(self._past_the_gateway()) | set(self._waypoint())
        return direct | (led & set(self._called_gateway()))

    def entries(self, namespace: str) -> Iterator[KubeObject]:
        """The ServiceEntries that the proxies of a namespace know."""
        for entry in self.of("ServiceEntry"):
            here = entry["metadata"]["namespace"]
            exported = entry["spec"]["exportTo"]
            is_shown = "." in exported if here == namespace else namespace in exported
            listed = f"{here}/{entry['spec']['hosts'][0]}"
            if is_shown and (here == namespace or self._may_know(namespace, listed)):
                yield entry

    def _may_know(self, namespace: str, listed: str) -> bool:
        for sidecar in self.of("Sidecar"):
            if sidecar["metadata"]["namespace"] == namespace and "egress" in sidecar["spec"]:
                return listed in sidecar["spec"]["egress"][0]["hosts"]
        return True

    def _past_the_gateway(self) -> Iterator[Way]:
        for namespace in sorted({namespace for namespace, _ in self.subjects}):
            for entry in self.entries(namespace):
                host = entry["spec"]["hosts"][0]
                for port in entry["spec"]["ports"]:
                    if not self._route(namespace, host, port["number"]):
                        how = f"direct {self._how(entry, port, namespace)}"
                        yield from self._all(namespace, host, port["number"], how)

    def _all(self, namespace: str, host: str, port: int, how: str) -> Iterator[Way]:
        for name, account in self.subjects:
            if name == namespace:
                yield Way(name, account, host, port, how)

    def _how(self, entry: KubeObject, port: Mapping[str, Any], namespace: str) -> str:
        if "targetPort" not in port:
            return str(port["protocol"])
        for rule in self.of("DestinationRule"):
            spec, here = rule["spec"], rule["metadata"]["namespace"]
            is_seen = (
                "." in spec["exportTo"] if here == namespace else namespace in spec["exportTo"]
            )
            settings = spec.get("trafficPolicy", {}).get("portLevelSettings", [])
            numbers = [s["port"]["number"] for s in settings if s["tls"]["mode"] == "SIMPLE"]
            if is_seen and spec["host"] == entry["spec"]["hosts"][0] and port["number"] in numbers:
                return "originated"
        return "CLEAR TEXT TO TLS"

    def _route(self, namespace: str, host: str, port: int) -> dict[str, Any] | None:
        """Where the proxies of a namespace lead a port to, None for the host itself."""
        for leg in self.of("VirtualService"):
            spec = leg["spec"]
            if spec["gateways"] != ["mesh"] or host not in spec["hosts"]:
                continue
            if leg["metadata"]["namespace"] != namespace and namespace not in spec["exportTo"]:
                continue
            for route in [*spec.get("http", []), *spec.get("tls", []), *spec.get("tcp", [])]:
                target: dict[str, Any] = route["route"][0]["destination"]
                if route["match"][0]["port"] == port and target["host"] != host:
                    return target
        return None

    def _through_proxies(self) -> Iterator[Way]:
        """What proxies lead to the right entrance of the gateway, whatever is decided there."""
        for namespace in sorted({namespace for namespace, _ in self.subjects}):
            for entry in self.entries(namespace):
                host = entry["spec"]["hosts"][0]
                for port in entry["spec"]["ports"]:
                    number = port["number"]
                    sni = self._outer_name(namespace, self._route(namespace, host, number))
                    is_http = port["protocol"] == "HTTP"
                    if sni == (HTTP_SNI if is_http else f"p{number}.{namespace}.{host}"):
                        for how in ("HTTP", "TLS", "TCP", "originated"):
                            yield from self._all(namespace, host, number, how)

    def _outer_name(self, namespace: str, target: Mapping[str, Any] | None) -> str:
        for rule in self.of("DestinationRule"):
            if target and rule["spec"]["host"] == target["host"] == SERVICE:
                for subset in rule["spec"]["subsets"]:
                    if namespace in rule["spec"]["exportTo"] and subset["name"] == target["subset"]:
                        return str(subset["trafficPolicy"]["tls"]["sni"])
        return ""

    def _called_gateway(self) -> Iterator[Way]:
        for namespace, account in self.subjects:
            yield from self._asked_by_host(namespace, account)
            yield from self._through_doors(namespace, account)

    def _asked_by_host(self, namespace: str, account: str) -> Iterator[Way]:
        for policy in self.of("AuthorizationPolicy"):
            for rule in policy["spec"]["rules"] if "selector" in policy["spec"] else ():
                if _admits(rule, namespace, account):
                    for authority in rule["to"][0]["operation"]["hosts"]:
                        yield from self._led_by_host(namespace, account, authority)

    def _led_by_host(self, namespace: str, account: str, authority: str) -> Iterator[Way]:
        for leg in self.of("VirtualService"):
            if not leg["metadata"]["name"].endswith("-http"):
                continue
            if leg["spec"]["hosts"] != [authority.partition(":")[0]]:
                continue
            for route in leg["spec"]["http"]:
                match = route.get("match", [{"authority": {"regex": ".*"}}])[0]
                if re.fullmatch(match["authority"]["regex"], authority):
                    yield from self._at_the_host(namespace, account, route)
                    break

    def _through_doors(self, namespace: str, account: str) -> Iterator[Way]:
        identity = f"spiffe://cluster.local/ns/{namespace}/sa/{account}"
        for gateway in self.of("Gateway"):
            name = f"{EGRESS}/{gateway['metadata']['name']}"
            for server in gateway["spec"]["servers"]:
                assert server["tls"]["subjectAltNames"], "this door admits everybody"
                if identity not in server["tls"]["subjectAltNames"]:
                    continue
                for leg in self.of("VirtualService"):
                    is_bound = leg["spec"]["gateways"] == [name]
                    if is_bound and server["hosts"][0].removeprefix("./") in leg["spec"]["hosts"]:
                        yield from self._at_the_host(namespace, account, leg["spec"]["tcp"][0])

    def _at_the_host(self, namespace: str, account: str, route: Mapping[str, Any]) -> Iterator[Way]:
        target = route["route"][0]["destination"]
        for entry in self.entries(EGRESS):
            for port in entry["spec"]["ports"]:
                if (
                    entry["spec"]["hosts"] == [target["host"]]
                    and port["number"] == (target["port"]["number"])
                ):
                    how = self._how(entry, port, EGRESS)
                    yield Way(namespace, account, target["host"], port["number"], how)

    def _waypoint(self) -> Iterator[Way]:
        for entry in self.of("ServiceEntry"):
            if "istio.io/use-waypoint" not in entry["metadata"]["labels"]:
                continue
            host = entry["spec"]["hosts"][0]
            for policy in self.of("AuthorizationPolicy"):
                targets = policy["spec"].get("targetRefs", [])
                if [target["name"] for target in targets] != [entry["metadata"]["name"]]:
                    continue
                for rule in policy["spec"]["rules"]:
                    yield from self._admitted(entry, host, rule)

    def _admitted(self, entry: KubeObject, host: str, rule: Mapping[str, Any]) -> Iterator[Way]:
        numbers = rule["to"][0]["operation"]["ports"]
        for port in entry["spec"]["ports"]:
            if str(port["number"]) in numbers:
                for namespace, account in self.subjects:
                    if _admits(rule, namespace, account):
                        how = self._how(entry, port, EGRESS)
                        yield Way(namespace, account, host, port["number"], how)


def _admits(rule: Mapping[str, Any], namespace: str, account: str) -> bool:
    principals = rule["from"][0]["source"]["principals"]
    place = f"cluster.local/ns/{namespace}/sa/"
    return f"{place}{account}" in principals or f"{place}*" in principals
