"""Calls to identity providers: short, bounded, and never anywhere else."""

import ssl
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidJSONError
from urllib3 import PoolManager

from egress.cluster.deadline import Call, bound_tls, use_bounded_connections
from egress.services.sign_in.providers import Provider

CALL_SECONDS = 2.0
ALL_CALLS_SECONDS = 2.7
"""How long all calls of one reading take at most, so that it is over within three seconds."""
_LARGEST = 1_000_000
_CONFIG_SECONDS = 600
_NEEDED = ("token_endpoint", "userinfo_endpoint")
_configs: dict[str, tuple[float, dict[str, Any]]] = {}


class ProviderSession(requests.Session):
    """Calls that last no longer than `seconds` together, follow no redirect and try once."""

    def __init__(self, seconds: float = ALL_CALLS_SECONDS) -> None:
        super().__init__()
        self.until = time.monotonic() + seconds
        self.mount("http://", _Bounded())
        self.mount("https://", _Bounded())

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Make one call. Raises RequestException, also when it takes too long."""
        seconds = min(CALL_SECONDS, self.until - time.monotonic())
        if seconds <= 0:
            raise requests.Timeout("The time for the calls to the provider is over.")
        bounded = {**kwargs, "timeout": seconds, "allow_redirects": False, "stream": True}
        with Call(seconds).running():
            answer = super().request(*args, **bounded)
            try:
                body = answer.raw.read(_LARGEST + 1, decode_content=True)
            except Exception as error:  # whatever breaks while it is read is a broken call
                raise requests.ConnectionError(str(error)) from error
            finally:
                answer.close()
        if len(body) > _LARGEST:
            raise requests.RequestException("The provider's answer is too long.")
        answer._content = body
        return answer


class _Bounded(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=_tls())
        use_bounded_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(proxy, **kwargs)
        use_bounded_connections(manager)
        return manager


def _tls() -> ssl.SSLContext:
    return bound_tls(ssl.create_default_context())


def configuration_of(provider: Provider, session: ProviderSession) -> dict[str, Any]:
    """Return what the provider says of its addresses, at most ten minutes old.

    Raises RequestException when it cannot be read, tells of another issuer (OpenID Connect
    Discovery 4.3), or leaves out an address that is asked.
    """
    known = _configs.get(provider.issuer)
    if known and known[0] > time.monotonic():
        return known[1]
    answer = session.get(f"{provider.issuer}/.well-known/openid-configuration")
    config = object_in(answer)
    if answer.status_code != 200 or str(config.get("issuer", "")).rstrip("/") != provider.issuer:
        raise requests.RequestException("The provider does not describe itself as configured.")
    if not all(isinstance(config.get(name), str) for name in _NEEDED):
        raise requests.RequestException("The provider does not say where it answers.")
    _configs[provider.issuer] = (time.monotonic() + _CONFIG_SECONDS, config)
    return config


def object_in(answer: requests.Response) -> dict[str, Any]:
    """Return the JSON object of an answer. Raises RequestException when it holds none."""
    try:
        found = answer.json()
    except ValueError as error:
        raise InvalidJSONError("The provider's answer is no JSON.") from error
    if not isinstance(found, dict):
        raise InvalidJSONError("The provider's answer is no JSON object.")
    return found


def forget_configurations() -> None:
    """Ask providers for their addresses anew."""
    _configs.clear()
