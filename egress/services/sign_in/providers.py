"""The identity providers of the company, as the settings name them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from egress.models import Role

ID_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
GIVABLE_ROLES = (Role.ADMIN, Role.AUDITOR)
_SCOPES = ("openid", "profile", "email")
_STRONG_AMR = ("mfa",)


@dataclass(frozen=True)
class Provider:
    """One OpenID Connect provider, and what its groups mean here.

    `teams` maps groups to teams; with a `team_prefix` each group that begins so gives the team
    called by the rest of its name. `roles` maps groups to `admin` or `auditor`. `allowed` lists
    groups that may use the portal without giving anything. `amr` and `acr` are values of these
    claims that tell of a second factor (RFC 8176; OpenID Connect Core 2). `verified_emails` says
    that people cannot choose their address there, for providers that do not send `email_verified`.
    """

    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...] = _SCOPES
    groups_claim: str = "groups"
    teams: Mapping[str, str] = field(default_factory=dict)
    team_prefix: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    amr: tuple[str, ...] = _STRONG_AMR
    acr: tuple[str, ...] = ()
    verified_emails: bool = False

    def teams_of(self, groups: frozenset[str]) -> frozenset[str]:
        """Return the names of the teams that the groups give."""
        given = {self.teams[group] for group in groups if group in self.teams}
        if self.team_prefix:
            starts = (group for group in groups if group.startswith(self.team_prefix))
            given |= {group[len(self.team_prefix) :] for group in starts}
        return frozenset(name for name in given if _is_team_name(name))

    def roles_of(self, groups: frozenset[str]) -> frozenset[str]:
        """Return the roles that the groups give."""
        return frozenset(self.roles[group] for group in groups if group in self.roles)

    def admits(self, groups: frozenset[str]) -> bool:
        """Tell whether somebody in these groups may use the portal."""
        return bool(self.teams_of(groups) or self.roles_of(groups) or groups & set(self.allowed))

    def email_in(self, claims: Mapping[str, Any]) -> str:
        """Return the address that the claims name, empty when nobody says that it is theirs."""
        email, verified = claims.get("email"), claims.get("email_verified")
        said = verified is True or verified == "true"
        is_theirs = self.verified_emails if verified is None else said
        return email.strip() if is_theirs and isinstance(email, str) else ""

    def is_strong(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether the claims of an ID token say that a second factor was used."""
        used = claims.get("amr")
        methods = used if isinstance(used, list) else []
        return any(one in methods for one in self.amr) or claims.get("acr") in self.acr


def providers() -> list[Provider]:
    """Return every provider of the settings."""
    return [provider_from(given) for given in settings.OIDC_PROVIDERS]


def provider_called(name: str) -> Provider | None:
    """Return the provider with this id, None when the settings name it no more."""
    return next((provider for provider in providers() if provider.id == name), None)


def gives_plain_names(provider: Provider) -> bool:
    """Tell whether people of the provider are called here as they are there: only of the first.

    Clusters and people take such a name for a person of the company, whoever bears it.
    """
    return [one.id for one in providers()[:1]] == [provider.id]


def provider_from(given: Mapping[str, Any]) -> Provider:
    """Return a provider from one entry of EGRESS_OIDC_FILE. Raises ValueError saying what is wrong.

    Nothing is judged here but the form: the numbered checks refuse unsafe ones.
    """
    known = set(Provider.__dataclass_fields__)
    if unknown := sorted(set(given) - known):
        raise ValueError(f'"{unknown[0]}" is no option of a provider')
    for name in ("id", "name", "issuer", "client_id", "client_secret"):
        if not isinstance(given.get(name), str) or not given[name]:
            raise ValueError(f'"{name}" is missing')
    for name in ("scopes", "allowed", "amr", "acr"):
        if not _is_words(given.get(name, [])):
            raise ValueError(f'"{name}" is no list of words')
    for name in ("teams", "roles"):
        mapped = given.get(name, {})
        if not isinstance(mapped, dict) or not _is_words(list(mapped.values())):
            raise ValueError(f'"{name}" does not map groups to names')
    for name, kind, what in (
        ("groups_claim", str, "no text"),
        ("team_prefix", str, "no text"),
        ("verified_emails", bool, "neither true nor false"),
    ):
        if not isinstance(given.get(name, kind()), kind):
            raise ValueError(f'"{name}" is {what}')
    lists = {
        name: tuple(given[name]) for name in ("scopes", "allowed", "amr", "acr") if name in given
    }
    return Provider(**{**given, **lists, "issuer": given["issuer"].rstrip("/")})


def problems_of(given: Mapping[str, Any], *, demo: bool) -> list[str]:
    """Return, in sentences, what makes an entry of EGRESS_OIDC_FILE unusable or unsafe."""
    try:
        provider = provider_from(given)
    except ValueError as error:
        return [f"{error}."]
    found = []
    if not set(provider.id) <= ID_LETTERS or len(provider.id) > 64:
        found.append("its id has other letters than a-z, 0-9 and hyphens.")
    if not provider.issuer.startswith("https://") and not demo:
        found.append("its issuer is not reached over https.")
    if not (provider.teams or provider.team_prefix or provider.roles or provider.allowed):
        found.append("no group of it is mapped, so nobody could be told from anybody.")
    if "*" in {*provider.teams, *provider.roles, *provider.allowed}:
        found.append('"*" is no group: name the groups that may use the portal.')
    if wrong := sorted(set(provider.roles.values()) - set(GIVABLE_ROLES)):
        found.append(f'its groups give the role "{wrong[0]}"; only admin and auditor can be given.')
    if "openid" not in provider.scopes:
        found.append("its scopes lack openid.")
    return found


def _is_team_name(name: str) -> bool:
    return 0 < len(name) <= 63 and name.isprintable() and name == name.strip()


def _is_words(given: object) -> bool:
    return isinstance(given, list) and all(isinstance(one, str) and one for one in given)
