"""An OpenID Connect provider on this machine: discovery, authorize, token, userinfo, keys.

It speaks the protocol over HTTP, rotates refresh tokens, and can be told to be a bad one.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "egress-portal", "a secret of the client"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider:
    """The provider. What is in `people` may be changed at any time; `mood` breaks its answers.

    `mood` is empty, `hangs`, `drips`, `fails` (500) or `nonsense` (no JSON). `hidden` names what it
    leaves out of its description.
    """

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.mood = ""
        self.signs_in = ""
        self.hidden: set[str] = set()
        self.calls: list[str] = []
        self.gone = threading.Event()
        self.codes: dict[str, dict[str, str]] = {}
        self.access: dict[str, str] = {}
        self.refresh: dict[str, str] = {}
        self.lock = threading.Lock()
        self.key = _KEY
        handler = type("Handler", (_Handler,), {"provider": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        self.gone.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Return the entry of EGRESS_OIDC_FILE for this provider."""
        return {
            "id": "corp",
            "name": "Corporate account",
            "issuer": self.issuer,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "teams": {"shop-devs": "team-shop"},
            "team_prefix": "egress-",
            "roles": {"portal-admins": "admin"},
            **changes,
        }

    def hire(self, subject: str, *groups: str, **claims: Any) -> None:
        self.people[subject] = {
            "preferred_username": subject,
            "email": f"{subject}@corp.example",
            "email_verified": True,
            "groups": list(groups),
            **claims,
        }

    def claims(self, subject: str) -> dict[str, Any]:
        known = {name: said for name, said in self.people[subject].items() if name != "amr"}
        return {"sub": subject, **known}

    def tokens(self, subject: str) -> dict[str, Any]:
        now, access, refresh = int(time.time()), secrets.token_hex(), secrets.token_hex()
        self.access[access] = self.refresh[refresh] = subject
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": subject,
            "iat": now,
            "exp": now + 300,
            "amr": self.people[subject].get("amr", ["pwd"]),
        }
        token = jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "one"})
        return {
            "access_token": access,
            "refresh_token": refresh,
            "id_token": token,
            "token_type": "Bearer",
            "expires_in": 300,
        }


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        url = urlsplit(self.path)
        self.provider.calls.append(url.path)
        size = int(self.headers.get("Content-Length") or 0)
        form = {k: v[0] for k, v in parse_qs(self.rfile.read(size).decode()).items()}
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        try:
            if not self.is_in_a_mood():
                getattr(self, f"at_{url.path.rpartition('/')[2].replace('-', '_')}")(
                    {**query, **form}
                )
        except (BrokenPipeError, ConnectionResetError):
            pass

    def is_in_a_mood(self) -> bool:
        mood = self.provider.mood
        if mood == "hangs":
            self.provider.gone.wait(30)
        elif mood == "drips":
            self.send_response(200)
            while not self.provider.gone.wait(0.2):
                self.wfile.write(b"X-Drip: 1\r\n")
        elif mood == "fails":
            self.reply({"error": "server_error"}, 500)
        elif mood == "nonsense":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")
        return bool(mood)

    def reply(self, body: Any, status: int = 200) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def at_openid_configuration(self, given: dict[str, str]) -> None:
        issuer = self.provider.issuer
        described = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "jwks_uri": f"{issuer}/keys",
        }
        self.reply(
            {key: said for key, said in described.items() if key not in self.provider.hidden}
        )

    def at_keys(self, given: dict[str, str]) -> None:
        public = self.provider.key.public_key()
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(public))
        self.reply({"keys": [{**key, "kid": "one", "alg": "RS256", "use": "sig"}]})

    def at_authorize(self, given: dict[str, str]) -> None:
        code = secrets.token_hex()
        self.provider.codes[code] = {**given, "sub": self.provider.signs_in}
        self.send_response(302)
        back = urlencode({"code": code, "state": given["state"]})
        self.send_header("Location", f"{given['redirect_uri']}?{back}")
        self.end_headers()

    def at_token(self, given: dict[str, str]) -> None:
        expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {expected}":
            return self.reply({"error": "invalid_client"}, 401)
        with self.provider.lock:
            subject = self.redeem(given)
            if subject not in self.provider.people:
                return self.reply({"error": "invalid_grant"}, 400)
            return self.reply(self.provider.tokens(subject))

    def redeem(self, given: dict[str, str]) -> str:
        if given["grant_type"] == "refresh_token":
            return self.provider.refresh.pop(given["refresh_token"], "")
        begun = self.provider.codes.pop(given["code"], {"sub": "", "code_challenge": ""})
        digest = hashlib.sha256(given["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return begun["sub"] if challenge == begun["code_challenge"] else ""

    def at_userinfo(self, given: dict[str, str]) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        subject = self.provider.access.get(token, "")
        if subject not in self.provider.people:
            return self.reply({"error": "invalid_token"}, 401)
        return self.reply(self.provider.claims(subject))
