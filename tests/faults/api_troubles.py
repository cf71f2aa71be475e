"""What an API server, or the network before it, does to a request: the faults of promise P18."""

from egress.sandbox.faults import (
    ANSWER,
    CUT,
    DRIP,
    DROP,
    GARBLE,
    HANG,
    LOSE,
    RESET,
    STALL,
    Fault,
    refusal,
)
from egress.sandbox.messages import Response, json_response

BUSY = "Too many requests, please try again later."
PAGE = b"<html><body>Bad Gateway</body></html>"
TYPED = "failed to create typed patch object (a/b): .spec.hostz: field not declared in schema"
NO_WEBHOOK = 'Internal error occurred: failed calling webhook "v.istio.io": connection refused'
DENIED = 'admission webhook "v.example.com" denied the request: not here'
QUOTA = "is forbidden: exceeded quota: objects, requested: count=1, used: count=9, limited: count=9"


def plain(status: int, body: bytes) -> Fault:
    """Return a fault that answers with something that is no JSON."""
    return Fault(ANSWER, response=Response(status, {"Content-Type": "text/html"}, body))


def document(status: int, body: object) -> Fault:
    """Return a fault that answers with JSON of another kind."""
    return Fault(ANSWER, response=json_response(status, body))


def troubles(timeout: float) -> dict[str, Fault]:
    """Return all faults by name; `timeout` is that of the caller, in seconds."""
    return {
        "400": refusal(400, "BadRequest", "the request is bad"),
        "400-webhook": refusal(400, "BadRequest", DENIED),
        "401": refusal(401, "Unauthorized", "Unauthorized"),
        "403": refusal(403, "Forbidden", "you may not"),
        "403-quota": refusal(403, "Forbidden", QUOTA),
        "404-path": plain(404, b"404 page not found\n"),
        "405": refusal(405, "MethodNotAllowed", "the server does not allow this method"),
        "409": refusal(409, "Conflict", "the object has been modified"),
        "409-exists": refusal(409, "AlreadyExists", "already exists"),
        "410": refusal(410, "Expired", "too old resource version"),
        "413": refusal(413, "RequestEntityTooLarge", "limit is 3145728"),
        "415": refusal(415, "UnsupportedMediaType", "the body was in an unknown format"),
        "422": refusal(422, "Invalid", "spec.hosts: Invalid value"),
        "429": refusal(429, "TooManyRequests", BUSY),
        "429-retry-1": refusal(429, "TooManyRequests", BUSY, retry_after=1),
        "429-retry-4": refusal(429, "TooManyRequests", BUSY, retry_after=4),
        "500": refusal(500, "InternalError", "etcdserver: leader changed"),
        "500-webhook": refusal(500, "InternalError", NO_WEBHOOK),
        "500-typed": refusal(500, "", TYPED),
        "502-page": plain(502, PAGE),
        "503": refusal(503, "ServiceUnavailable", "the server is currently unable"),
        "503-retry-1": refusal(503, "ServiceUnavailable", "starting", retry_after=1),
        "504": refusal(504, "Timeout", "request did not complete within the allotted timeout"),
        "302": plain(302, b""),
        "200-empty": plain(200, b""),
        "200-other": document(200, {"kind": "Other"}),
        "200-list": document(200, []),
        "dropped": Fault(DROP),
        "reset": Fault(RESET),
        "lost": Fault(LOSE),
        "late": Fault(LOSE, delay=timeout * 1.5),
        "slow": Fault(delay=timeout * 0.5),
        "half-open": Fault(HANG),
        "half-open-midway": Fault(STALL),
        "byte-by-byte": Fault(DRIP, pace=timeout / 10),
        "cut-body": Fault(CUT),
        "cut-json": Fault(GARBLE),
    }
