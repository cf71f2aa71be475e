"""Read a kubeconfig that a person uploaded, and keep only what is safe and needed.

A kubeconfig can name programs to run and files to read (Kubernetes documentation, "Organizing
Cluster Access Using kubeconfig Files"), so nothing in it is followed unless an operator allows
it. Refusals are ClusterError(CREDENTIALS) and never quote a secret.
"""

from typing import Any, NoReturn

import yaml

from egress.cluster.credentials import Credentials, ExecPlugin
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.keymaterial import (
    check_ca_certificates,
    check_client_pair,
    check_token,
    decode_pem,
    encode_pem,
    read_allowed_file,
)
from egress.cluster.serverurl import check_server
from egress.cluster.yamlguard import UnsafeYaml, read_plain_yaml

_EMPTY = frozenset({"", "null", "~", "Null", "NULL"})
_IMPERSONATION = ("as", "as-uid", "as-groups", "as-user-extra")
_CLUSTER_FIELDS = frozenset(
    {
        "server",
        "certificate-authority",
        "certificate-authority-data",
        "tls-server-name",
        "insecure-skip-tls-verify",
        "proxy-url",
        "disable-compression",
        "extensions",
    }
)
_USER_FIELDS = frozenset(
    {
        "token",
        "tokenFile",
        "client-certificate",
        "client-certificate-data",
        "client-key",
        "client-key-data",
        "username",
        "password",
        "exec",
        "auth-provider",
        "extensions",
        *_IMPERSONATION,
    }
)

Fields = dict[str, Any]


def read_kubeconfig(
    text: str, context: str | None = None, *, allow_files: bool = False, allow_exec: bool = False
) -> Credentials:
    """Return the credentials of one context of a kubeconfig.

    `context` is the name of the context, the file's current one by default. `allow_files` lets
    the file name other files, `allow_exec` lets it name a program to run: both are decisions
    of the operator. The result's `kubeconfig` holds that one context only.
    Raises ClusterError(CREDENTIALS) with one sentence for what is wrong.
    """
    try:
        document = read_plain_yaml(text)
    except UnsafeYaml as reason:
        _refuse(f"The kubeconfig {reason}. Upload a kubeconfig as plain YAML.")
    if not isinstance(document, dict) or _text(document, "kind") not in ("", "Config"):
        _refuse("The file is not a kubeconfig. Upload one of kind Config.")
    name, chosen = _choose_context(document, context)
    cluster = _entry(document, "clusters", "cluster", _text(chosen, "cluster"))
    user = _entry(document, "users", "user", _text(chosen, "user"))
    return _credentials(
        name,
        _read_cluster(cluster, allow_files=allow_files),
        _read_user(user, allow_files=allow_files, allow_exec=allow_exec),
    )


def _refuse(sentence: str) -> NoReturn:
    raise ClusterError(sentence, Fault.CREDENTIALS) from None


def _text(fields: Fields, key: str) -> str:
    """Return a scalar field, empty when absent or null. Refuses lists and maps."""
    value = fields.get(key, "")
    if not isinstance(value, str):
        _refuse(f'The field "{key}" of the kubeconfig must be text.')
    return "" if value in _EMPTY else value


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and value in _EMPTY)


def _choose_context(document: Fields, wanted: str | None) -> tuple[str, Fields]:
    names = [_text(item, "name") for item in _entries(document, "contexts")]
    name = wanted or _text(document, "current-context")
    if not name and len(names) == 1:
        name = names[0]
    if not name:
        _refuse("The kubeconfig has no current context. Set current-context, or name one.")
    if name not in names:
        known = ", ".join(f'"{other[:60]}"' for other in names[:5]) or "none"
        _refuse(f'The kubeconfig has no context "{name[:60]}". Contexts in it: {known}.')
    return name, _entry(document, "contexts", "context", name)


def _entries(document: Fields, section: str) -> list[Fields]:
    entries = document.get(section, [])
    if not isinstance(entries, list) or not all(isinstance(item, dict) for item in entries):
        _refuse(f'The section "{section}" of the kubeconfig must be a list.')
    return entries


def _entry(document: Fields, section: str, part: str, name: str) -> Fields:
    """Return the only entry of a section with this name."""
    found = [item for item in _entries(document, section) if _text(item, "name") == name]
    if len(found) != 1 or not isinstance(found[0].get(part), dict):
        _refuse(
            f'The kubeconfig must have exactly one entry named "{name[:60]}" under "{section}".'
        )
    entry: Fields = found[0][part]
    return entry


def _read_cluster(cluster: Fields, *, allow_files: bool) -> Fields:
    if not cluster.keys() <= _CLUSTER_FIELDS:
        _refuse("The cluster entry of the kubeconfig has a field the portal does not know.")
    if _text(cluster, "insecure-skip-tls-verify").lower() not in ("", "false", "no", "off"):
        _refuse(
            "The kubeconfig sets insecure-skip-tls-verify: anybody on the network could play the "
            "cluster. Remove it and embed certificate-authority-data."
        )
    if _text(cluster, "proxy-url"):
        _refuse("The kubeconfig sets proxy-url. Set HTTPS_PROXY for the portal instead.")
    return {
        "server": check_server(_text(cluster, "server")),
        "ca": check_ca_certificates(_pem(cluster, "certificate-authority", allow_files)),
        "tls-server-name": _text(cluster, "tls-server-name"),
    }


def _read_user(user: Fields, *, allow_files: bool, allow_exec: bool) -> Fields:
    if not user.keys() <= _USER_FIELDS:
        _refuse("The user entry of the kubeconfig has a field the portal does not know.")
    if not _is_empty(user.get("auth-provider")):
        _refuse(
            "The kubeconfig uses an auth-provider, which runs a program and is gone from "
            "Kubernetes. Use a service account token."
        )
    if not all(_is_empty(user.get(key)) for key in _IMPERSONATION):
        _refuse("The kubeconfig impersonates another user. Use the credentials of one user.")
    if _text(user, "username") or _text(user, "password"):
        _refuse("The kubeconfig holds a user name and password, which Kubernetes does not accept.")
    token_file = _text(user, "tokenFile")
    if token_file and not allow_files:
        _refuse_file("tokenFile")
    certificate = _pem(user, "client-certificate", allow_files)
    key = _pem(user, "client-key", allow_files)
    check_client_pair(certificate, key)
    return {
        "token": check_token(_text(user, "token")),
        "token-file": token_file,
        "certificate": certificate,
        "key": key,
        "exec": _read_exec(user, allow_exec=allow_exec),
    }


def _pem(fields: Fields, key: str, allow_files: bool) -> str:
    """Return the PEM text embedded under `key`-data, or that of the file when files are allowed."""
    data, path = _text(fields, f"{key}-data"), _text(fields, key)
    if path and not data:
        if not allow_files:
            _refuse_file(key)
        return read_allowed_file(key, path)
    return decode_pem(f"{key}-data", data) if data else ""


def _refuse_file(key: str) -> NoReturn:
    _refuse(
        f'The kubeconfig refers to a file in "{key}". Embed its content '
        "(kubectl config view --flatten --minify --raw)."
    )


def _read_exec(user: Fields, *, allow_exec: bool) -> ExecPlugin | None:
    spec = user.get("exec")
    if _is_empty(spec):
        return None
    if not allow_exec:
        _refuse(
            "The kubeconfig runs a program to log in (exec). Use a service account token, or let "
            "an operator allow programs."
        )
    if not isinstance(spec, dict) or not _text(spec, "command") or not _text(spec, "apiVersion"):
        _refuse('The "exec" of the kubeconfig needs a command and an apiVersion.')
    arguments = [] if _is_empty(spec.get("args")) else spec["args"]
    if not isinstance(arguments, list) or not all(isinstance(item, str) for item in arguments):
        _refuse('The "args" of "exec" in the kubeconfig must be a list of texts.')
    variables = [] if _is_empty(spec.get("env")) else _entries(spec, "env")
    return ExecPlugin(
        _text(spec, "apiVersion"),
        _text(spec, "command"),
        tuple(arguments),
        tuple((_text(item, "name"), _text(item, "value")) for item in variables),
    )


def _credentials(context: str, cluster: Fields, user: Fields) -> Credentials:
    plugin: ExecPlugin | None = user["exec"]
    methods = {
        "token": user["token"],
        "client certificate": user["certificate"],
        "token file": user["token-file"],
        "program": plugin,
    }
    method = " and ".join(name for name, value in methods.items() if value)
    if not method:
        _refuse("The kubeconfig has no credentials. Use a service account token.")
    if method.count(" and ") and "client certificate" not in method:
        _refuse("The kubeconfig has several kinds of tokens. Keep one.")
    return Credentials(
        server=cluster["server"],
        context=context,
        method=method,
        kubeconfig=_normalised(context, cluster, user),
        ca_certificates=cluster["ca"],
        tls_server_name=cluster["tls-server-name"],
        token=user["token"],
        token_file=user["token-file"],
        client_certificate=user["certificate"],
        client_key=user["key"],
        exec_plugin=plugin,
    )


def _normalised(context: str, cluster: Fields, user: Fields) -> str:
    """Return a kubeconfig with this one context, all certificates embedded."""
    plugin: ExecPlugin | None = user["exec"]
    cluster_fields = {
        "server": cluster["server"],
        "certificate-authority-data": encode_pem(cluster["ca"]),
        "tls-server-name": cluster["tls-server-name"],
    }
    user_fields: Fields = {
        "token": user["token"],
        "tokenFile": user["token-file"],
        "client-certificate-data": encode_pem(user["certificate"]),
        "client-key-data": encode_pem(user["key"]),
        "exec": plugin
        and {
            "apiVersion": plugin.api_version,
            "command": plugin.command,
            "args": list(plugin.arguments),
            "env": [{"name": name, "value": value} for name, value in plugin.environment],
        },
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [{"name": context, "context": {"cluster": "cluster", "user": "user"}}],
        "clusters": [{"name": "cluster", "cluster": _present(cluster_fields)}],
        "users": [{"name": "user", "user": _present(user_fields)}],
    }
    return yaml.safe_dump(document, sort_keys=False)


def _present(fields: Fields) -> Fields:
    return {key: value for key, value in fields.items() if value}
