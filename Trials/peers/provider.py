"""A nation's own provider: Authlib's OpenID server behind Python's HTTPS, and log-in that leads through it."""

import http.server
import json
import os
import re
import ssl
import threading
import time
from urllib.parse import parse_qs, parse_qsl, urlsplit

import ground
import httpx
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from ground import WORK, check, say
from joserfc.jwk import RSAKey
from nation import Nation

CLIENT, SECRET = "mcx at home", "s3cret: with & signs"
DEVICE, REDIRECT = "euccs-responder", "eu.euccs.responder:/signed-in"
SCOPE = "openid 3gpp:mc:ptt_service 3gpp:mc:ptt_config_management_service"


class KnownClient(ClientMixin):
    """This system, as the provider knows it."""

    redirect = None

    def get_client_id(self):
        return CLIENT

    def get_default_redirect_uri(self):
        return self.redirect

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, uri):
        return uri == self.redirect

    def check_client_secret(self, secret):
        return secret == SECRET

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, kind):
        return kind == "code"

    def check_grant_type(self, kind):
        return kind == "authorization_code"


class Code(AuthorizationCodeMixin):
    def __init__(self, code, request, user):
        data = request.payload.data
        self.code, self.user, self.scope, self.redirect_uri = code, user, request.scope, data["redirect_uri"]
        self.nonce, self.code_challenge = data.get("nonce"), data.get("code_challenge")
        self.code_challenge_method = data.get("code_challenge_method")

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return int(time.time())

    def get_acr(self):
        return None

    def get_amr(self):
        return None


class Grant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def save_authorization_code(self, code, request):
        self.server.codes[code] = Code(code, request, request.user)

    def query_authorization_code(self, code, client):
        return self.server.codes.get(code)

    def delete_authorization_code(self, code):
        del self.server.codes[code.code]

    def authenticate_user(self, code):
        return code.user


class IDToken(OpenIDCode):
    """`changes` is what a provider that is up to no good, or wrongly set up, would sign."""

    def __init__(self, provider):
        super().__init__(require_nonce=True)
        self.provider = provider

    def exists_nonce(self, nonce, request):
        return False

    def resolve_client_private_key(self, client):
        return self.provider.signer

    def get_client_algorithm(self, client):
        return self.provider.algorithm

    def get_encode_header(self, client):
        return {"alg": self.provider.algorithm, "kid": self.provider.key.kid}

    def get_client_claims(self, client):
        return {"iss": self.provider.issuer, "aud": [CLIENT]}

    def generate_user_info(self, user, scope):
        return {"sub": f"subject of {user}", "preferred_username": user, **self.provider.changes}


class Provider(AuthorizationServer):
    """Whoever comes is `self.user`: how it knows him is its own affair."""

    def __init__(self):
        super().__init__(scopes_supported=["openid", "profile"])
        self.codes, self.changes, self.user = {}, {}, "anna"
        self.client = KnownClient()
        self.key = RSAKey.generate_key(2048, {"kid": "provider-1", "use": "sig"}, auto_kid=False)
        self.signer, self.algorithm = self.key, "RS256"
        self.register_token_generator("default", BearerTokenGenerator(lambda *_, **__: generate_token(42)))
        self.register_grant(Grant, [CodeChallenge(required=True), IDToken(self)])
        ground.authority("provider")
        self._certificate()
        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(WORK, "login.pem"), os.path.join(WORK, "login.key"))
        self.web.socket = context.wrap_socket(self.web.socket, server_side=True)
        self.issuer = f"https://127.0.0.1:{self.web.server_address[1]}/realm"
        threading.Thread(target=self.web.serve_forever, daemon=True).start()

    @staticmethod
    def _certificate():
        ground.openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "login.key",
            "-out", "login.csr", "-subj", "/CN=login.it.example")
        with open(os.path.join(WORK, "login.ext"), "w", encoding="utf-8") as file:
            file.write("subjectAltName=IP:127.0.0.1,DNS:login.it.example\nextendedKeyUsage=serverAuth\n")
        ground.openssl(
            "x509", "-req", "-in", "login.csr", "-CA", "provider.pem", "-CAkey", "provider.key", "-CAcreateserial",
            "-days", "2", "-out", "login.pem", "-extfile", "login.ext")

    # What Authlib leaves to whoever has the HTTP.

    def query_client(self, client_id):
        return self.client if client_id == CLIENT else None

    def save_token(self, token, request):
        pass

    def send_signal(self, name, *arguments, **more):
        pass

    def create_oauth2_request(self, request):
        if isinstance(request, OAuth2Request):
            return request
        method, uri, headers, fields = request
        made = OAuth2Request(method, uri, headers=headers)
        made.payload = BasicOAuth2Payload(fields)
        # The client extension asks for the form by this name.
        made._body = fields
        return made

    def handle_response(self, status, body, headers):
        return status, json.dumps(body) if isinstance(body, dict) else body, headers

    def _handler(provider):
        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                path = urlsplit(self.path).path
                if path == "/realm/keys":
                    key = provider.key.as_dict(private=False)
                    return self.give(200, json.dumps({"keys": [{"kty": "oct", "k": "AA", "kid": "x"}, key]}), [])
                if path != "/realm/authorize":
                    return self.give(404, "", [])
                request = provider.create_oauth2_request(
                    ("GET", provider.issuer + self.path, self.headers, dict(parse_qsl(urlsplit(self.path).query))))
                grant = provider.get_consent_grant(request, provider.user)
                self.give(*provider.create_authorization_response(request, provider.user, grant))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                self.give(*provider.create_token_response(
                    ("POST", provider.issuer + self.path, self.headers, dict(parse_qsl(body)))))

            def give(self, status, body, headers):
                octets = (body or "").encode()
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

        return Handler


class Visitor:
    def __init__(self, provider):
        self.provider = provider
        self.nation = Nation(["anna", "bruno"])
        secret = self.nation.path("provider.secret")
        with open(secret, "w", encoding="utf-8") as file:
            file.write(SECRET + "\n")
        with open(self.nation.configuration, encoding="utf-8") as file:
            text = file.read()
        section = (
            f"  provider:\n    issuer: {provider.issuer}\n    authorization_endpoint: {provider.issuer}/authorize\n"
            f"    token_endpoint: {provider.issuer}/token\n    jwks_uri: {provider.issuer}/keys\n"
            f"    client_id: {CLIENT}\n    client_secret_file: {secret}\n"
            f"    authority: {os.path.join(WORK, 'provider.pem')}\n    scope: openid profile\n"
            "    claim: preferred_username\n    algorithms: [RS256, PS256]\n")
        with open(self.nation.configuration, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?m)^web:.*\n", lambda found: found.group(0) + section, text))
        self.nation.serve()
        self.issuer = f"https://127.0.0.1:{self.nation.web}/identity"
        provider.client.redirect = self.issuer + "/external"
        trust = ssl.create_default_context(cafile=self.nation.authority)
        trust.load_verify_locations(os.path.join(WORK, "provider.pem"))
        self.browser = httpx.Client(verify=trust, follow_redirects=False)
        self.client = OAuth2Client(
            client_id=DEVICE, redirect_uri=REDIRECT, scope=SCOPE, code_challenge_method="S256",
            token_endpoint_auth_method="none", verify=trust)

    def log_in(self, change=lambda address: address):
        """From the application to the provider and back; where the browser ends, and the verifier of its code."""
        verifier = generate_token(48)
        url, state = self.client.create_authorization_url(self.issuer + "/authorize", code_verifier=verifier)
        there = self.browser.get(url)
        check(there.status_code == 303 and there.headers["location"].startswith(self.provider.issuer + "/authorize?"),
              f"log-in leads to the provider, not to {there.status_code}")
        back = self.browser.get(there.headers["location"])
        check(back.status_code == 302, f"the provider sends the browser back, not {back.status_code} {back.text}")
        end = self.browser.get(change(back.headers["location"]))
        return end.headers.get("location", ""), verifier, state

    def refused(self, what):
        location, *_ = self.log_in()
        fields = parse_qs(urlsplit(location).query)
        check(fields.get("error") == ["access_denied"] and "code" not in fields, f"{what} logs nobody in: {location}")


def main():
    provider = Provider()
    visitor = Visitor(provider)
    for name in ("anna", "bruno"):
        provider.user = name
        location, verifier, state = visitor.log_in()
        tokens = visitor.client.fetch_token(
            visitor.issuer + "/token", authorization_response=location, code_verifier=verifier, state=state)
        document = visitor.browser.get(
            f"https://127.0.0.1:{visitor.nation.web}/xcap/org.3gpp.mcptt.user-profile/users/"
            f"{visitor.nation.identity(name)}/mcptt-user-profile-0.xml",
            headers={"authorization": f"Bearer {tokens['access_token']}"})
        check(document.status_code == 200, f"{name} reads his profile, not {document.status_code}")
    provider.user = "anna"
    now = int(time.time())
    wrong = [
        ("another issuer", {"iss": "https://evil.example"}), ("another audience", {"aud": ["other"]}),
        ("an audience among others without azp", {"aud": [CLIENT, "other"]}), ("another nonce", {"nonce": "other"}),
        ("an ID token that has expired", {"exp": now - 60}), ("an old ID token", {"iat": now - 86_400}),
        ("an ID token of the future", {"iat": now + 600}), ("nobody's name", {"preferred_username": "nobody"}),
        ("no name", {"preferred_username": None})]
    for what, provider.changes in wrong:
        visitor.refused(what)
    provider.changes = {}
    provider.signer = RSAKey.generate_key(2048, {"kid": "provider-1"}, auto_kid=False)
    visitor.refused("a signature by another key")
    provider.signer, provider.algorithm = provider.key, "RS512"
    visitor.refused("an algorithm that was not agreed on")
    provider.algorithm = "PS256"
    location, *_ = visitor.log_in()
    check("code" in parse_qs(urlsplit(location).query), "PSS is as good as PKCS #1")
    location, *_ = visitor.log_in(lambda address: re.sub(r"code=[^&]*", "code=guessed", address))
    check("access_denied" in location, "a code that the provider does not know logs nobody in")
    page = visitor.browser.get(visitor.issuer + "/external", params={"code": "c", "state": generate_token(43)})
    check(page.status_code == 400, "an answer that nobody asked for is told on a page")
    log = ground.text(visitor.nation.system.log)
    check(SECRET not in log and "guessed" not in log, "neither secret nor code stands in the log")
    check("the ID token is refused: wrong-audience" in log, "the log says why nobody was authenticated")
    say("users of Authlib's provider (RSA, client secret, PKCE) logged in; eleven kinds of wrong ID tokens were refused")


ground.judge(main)
