"""A foreign OpenID Connect client against identity management: Authlib makes the requests and judges the tokens."""

import base64
import html
import json
import re
import sqlite3
import ssl
import subprocess
import time
from urllib.parse import parse_qs, urlsplit

import ground
import httpx
import sip
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.jose import JsonWebKey, jwt
from authlib.oidc.core import CodeIDToken
from ground import check, say
from nation import DOMAIN, PASSWORD, Nation

CLIENT, REDIRECT = "euccs-responder", "eu.euccs.responder:/signed-in"
SCOPE = ("openid 3gpp:mc:ptt_service 3gpp:mc:ptt_config_management_service "
         "3gpp:mc:ptt_group_management_service")
USER = "anna"


class Visitor:
    """A browser and an application of Anna's."""

    def __init__(self):
        self.nation = Nation([USER, "bruno"])
        self.administrator = "amministra la nazione"
        subprocess.run(
            [ground.EUCCS, "admin", "password", "--config", self.nation.configuration, "--as", "admin", "admin"],
            input=self.administrator + "\n", text=True, check=True, capture_output=True, timeout=60)
        self.nation.serve()
        self.url = f"https://127.0.0.1:{self.nation.web}/identity"
        trust = ssl.create_default_context(cafile=self.nation.authority)
        self.browser = httpx.Client(verify=trust, follow_redirects=False)
        self.client = OAuth2Client(
            client_id=CLIENT, redirect_uri=REDIRECT, scope=SCOPE, code_challenge_method="S256",
            token_endpoint_auth_method="none", verify=trust)

    def page(self, verifier, **more):
        url, state = self.client.create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-0S6_WzA2Mj",
            acr_values="3gpp:acr:password", **more)
        return self.browser.get(url), state

    def submit(self, page, user=USER, password=PASSWORD):
        field = re.search(r'name="login" value="([^"]+)"', page.text)
        action = html.unescape(re.search(r'<form method="post" action="([^"]+)"', page.text).group(1))
        return self.browser.post(
            action, data={"login": html.unescape(field.group(1)), "user": user, "password": password})

    def log_in(self):
        """The address to which the browser is sent back, and the verifier of its code."""
        verifier = generate_token(48)
        page, state = self.page(verifier)
        back = self.submit(page)
        check(back.status_code == 303, f"log-in leads back to the application, not to {back.status_code}")
        return back.headers["location"], verifier, state

    def tokens(self, location, verifier, state):
        return self.client.fetch_token(
            self.metadata["token_endpoint"], authorization_response=location, code_verifier=verifier, state=state)


def refused(what, ask, *errors):
    try:
        ask()
    except OAuthError as error:
        return check(error.error in errors, f"{what} is refused with {errors}, not {error.error}")
    return check(False, f"{what} is refused")


def claims_of(token):
    middle = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def discovery(visitor):
    visitor.metadata = visitor.browser.get(visitor.url + "/.well-known/openid-configuration").json()
    check(visitor.metadata["issuer"] == visitor.url, "discovery names the issuer")
    check(visitor.metadata["code_challenge_methods_supported"] == ["S256"], "only S256 proves a code")


def log_in_and_refresh(visitor):
    location, verifier, state = visitor.log_in()
    answer = parse_qs(urlsplit(location).query)
    check(answer["iss"] == [visitor.url], "the answer names its issuer (RFC 9207)")
    tokens = visitor.tokens(location, verifier, state)
    keys = JsonWebKey.import_key_set(visitor.browser.get(visitor.metadata["jwks_uri"]).json())
    identity = jwt.decode(
        tokens["id_token"], keys, claims_cls=CodeIDToken,
        claims_options={"iss": {"value": visitor.url}, "aud": {"value": CLIENT}},
        claims_params={"nonce": "n-0S6_WzA2Mj", "client_id": CLIENT})
    identity.validate()
    check(identity["mcptt_id"] == "sip:anna@mc.it.example", "the ID token names the MCPTT ID")
    access = jwt.decode(tokens["access_token"], keys)
    access.validate()
    check(access["mcptt_id"] == "sip:anna@mc.it.example", "the access token names the MCPTT ID")
    check("3gpp:mc:ptt_service" in access["scope"], "the access token has the scope of the service")
    check(access["exp"] - access["iat"] <= 3600, "access tokens are short-lived")
    fresh = visitor.client.refresh_token(visitor.metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
    check(fresh["access_token"] != tokens["access_token"], "a refresh gives another token")
    return tokens, fresh, location, verifier, state


def lured(visitor):
    """Who is lured to a page that somebody else opened is not logged in by it."""
    page, _ = visitor.page(generate_token(48))
    visitor.browser.cookies.clear()
    back = visitor.submit(page)
    check(back.status_code == 400, f"another browser does not go on with a log-in, not even to {back.status_code}")


def refusals(visitor, tokens, location, verifier, state):
    endpoint = visitor.metadata["token_endpoint"]
    refused("a replayed code", lambda: visitor.tokens(location, verifier, state), "invalid_grant")
    other, right, state = visitor.log_in()
    refused("a wrong verifier", lambda: visitor.tokens(other, generate_token(48), state), "invalid_grant")
    refused("a code after a wrong verifier", lambda: visitor.tokens(other, right, state), "invalid_grant")
    refused("a refresh token used twice", lambda: visitor.client.refresh_token(
        endpoint, refresh_token=tokens["refresh_token"]), "invalid_grant")
    refused("a refresh token that was guessed", lambda: visitor.client.refresh_token(
        endpoint, refresh_token=generate_token(43)), "invalid_grant")
    page, _ = visitor.page(generate_token(48), redirect_uri="https://evil.example/")
    check(page.status_code == 400, "an unknown redirect URI is told on a page and never followed")
    plain = visitor.browser.get(visitor.metadata["authorization_endpoint"], params={
        "response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT, "scope": SCOPE, "state": "s",
        "code_challenge": generate_token(43), "code_challenge_method": "plain"})
    check("error=invalid_request" in plain.headers.get("location", ""), "code_challenge_method plain is refused")
    page, _ = visitor.page(generate_token(48))
    again = visitor.submit(page, password="sole su Genova")
    check(again.status_code == 200 and "Log-in did not succeed" in again.text, "a wrong password gives the page again")
    unknown = visitor.submit(again, user="nobody")
    check(re.sub("nobody|anna", "", unknown.text) == re.sub("nobody|anna", "", again.text),
          "an unknown name is told nothing else")
    check("<script" not in page.text, "the page needs no JavaScript")


def lock_out(visitor):
    """As many failures as the policy allows, and more: then the right password is refused too."""
    for _ in range(6):
        page, _ = visitor.page(generate_token(48))
        for _ in range(4):
            page = visitor.submit(page, password="guess")
            if page.status_code != 200:
                break
    page, _ = visitor.page(generate_token(48))
    check(visitor.submit(page).status_code == 200, "after many failures the right password waits too")


class Mint:
    """Makes tokens that are all but right. It has stolen the keys of the nation from its store."""

    def __init__(self, visitor, tokens):
        self.key_id = json.loads(header_of(tokens["access_token"]))["kid"]
        self.claims = claims_of(tokens["access_token"])
        with sqlite3.connect(f"file:{visitor.nation.path('nation.sqlite')}?mode=ro", uri=True) as store:
            bodies = [json.loads(body) for (body,) in store.execute("SELECT body FROM record WHERE kind = 'signing-key'")]
        self.key = next(body["pem"] for body in bodies if body["id"] == self.key_id)

    def token(self, key=None, **changes):
        claims = {**self.claims, "jti": generate_token(22), **changes}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": self.key_id}, claims, key or self.key).decode()

    def bad(self):
        """Names and tokens that open nothing."""
        other = JsonWebKey.generate_key("EC", "P-256", is_private=True).as_pem(is_private=True).decode()
        right, now = self.token(), int(time.time())
        head, middle, signature = right.split(".")
        richer = dict(self.claims, mcptt_id=f"sip:bruno@{DOMAIN}", sub=f"sip:bruno@{DOMAIN}")
        return {
            "a wrong audience": self.token(aud=["mc.fr.example"]),
            "a wrong issuer": self.token(iss="https://evil.example/identity"),
            "an expired": self.token(iat=now - 7200, exp=now - 3600),
            "a token of the future": self.token(iat=now + 3600, nbf=now + 3600, exp=now + 7200),
            "a forged": self.token(key=other),
            "a changed": ".".join([head, base64url(json.dumps(richer)), signature]),
            "an unsigned": ".".join([base64url(json.dumps({"alg": "none"})), middle, ""]),
            "an unknown user's": self.token(sub=f"sip:nobody@{DOMAIN}", mcptt_id=f"sip:nobody@{DOMAIN}"),
            "an unfinished": head + "." + middle,
        }


def header_of(token):
    head = token.split(".")[0]
    return base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))


def base64url(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def bad_tokens(visitor, tokens):
    """XCAP says 401 invalid_token (RFC 6750 3.1), the MCPTT server 403 with warning 101 (TS 24.379 7.3.3)."""
    mint = Mint(visitor, tokens)
    document = (
        f"https://127.0.0.1:{visitor.nation.web}/xcap/org.3gpp.mcptt.service-config/global/service-config.xml")

    def xcap(token):
        return visitor.browser.get(document, headers={} if token is None else {"authorization": f"Bearer {token}"})

    device = sip.Client(
        USER, DOMAIN, f"device of {USER}", visitor.nation.access, visitor.nation.authority)
    check(device.register().status == 200, "a device registers")
    for name, token in mint.bad().items():
        answer = xcap(token)
        told = answer.headers.get("www-authenticate", "")
        check(answer.status_code == 401 and 'error="invalid_token"' in told,
              f"{name} token gets no document: 401, not {answer.status_code} {told}")
        answer = device.publish_settings(token)
        check(answer.status == 403 and '"101 ' in answer.first("Warning"),
              f"{name} token opens no service: 403 with warning 101, not {answer.status} {answer.first('Warning')}")
    narrow = mint.token(scope="openid")
    answer = xcap(narrow)
    check(answer.status_code == 403 and "insufficient_scope" in answer.headers["www-authenticate"],
          "a token without scope gets 403 insufficient_scope")
    check(device.publish_settings(narrow).status == 403, "a token without scope opens no service")
    check(xcap(None).status_code == 401, "without a token there is no document")
    check(device.publish_settings(None).status == 403, "without a token there is no service")
    # The mint is a good one: what it changes makes the difference.
    check(xcap(mint.token()).status_code == 200, "a right token of the same mint gets the document")
    check(device.publish_settings(mint.token()).status == 200, "a right token of the same mint opens the service")
    device.close()


def policy(visitor):
    """What administrators prescribe holds for the next token, without a restart."""
    base = f"https://127.0.0.1:{visitor.nation.web}/admin/v1"
    session = visitor.browser.post(f"{base}/session", json={"name": "admin", "password": visitor.administrator})
    headers = {"authorization": f"Bearer {session.json()['token']}"}
    prescribed = visitor.browser.get(f"{base}/policy", headers=headers).json()
    prescribed["tokens"]["accessToken"] = 240_000
    prescribed["throttle"].update(freeFailures=3, lockOutFailures=4)
    changed = visitor.browser.put(f"{base}/policy", headers=headers, json=prescribed)
    check(changed.status_code == 200, f"the policy is changed, not {changed.status_code}")
    tokens = visitor.tokens(*visitor.log_in())
    claims = claims_of(tokens["access_token"])
    check(claims["exp"] - claims["iat"] == 240 and tokens["expires_in"] == 240,
          f"a prescribed lifetime holds at once, not {claims['exp'] - claims['iat']} s")


def log_ins_survive(visitor):
    """A killed system knows its log-ins again, and an old refresh token as old."""
    endpoint = visitor.metadata["token_endpoint"]

    def refresh(tokens):
        return visitor.client.refresh_token(endpoint, refresh_token=tokens["refresh_token"])

    first = visitor.tokens(*visitor.log_in())
    other = visitor.tokens(*visitor.log_in())
    ended = visitor.tokens(*visitor.log_in())
    done = visitor.browser.post(
        visitor.metadata["revocation_endpoint"], data={"token": ended["refresh_token"], "client_id": CLIENT})
    check(done.status_code == 200, "a log-in is given back")
    second = refresh(first)
    visitor.nation.cut_power()
    visitor.nation.serve()
    third = refresh(second)
    check(third["access_token"] != second["access_token"], "a refresh token survives a crash")
    refused("a log-in that was given back before a crash", lambda: refresh(ended), "invalid_grant")
    visitor.nation.cut_power()
    visitor.nation.serve()
    refused("a refresh token used before two crashes", lambda: refresh(first), "invalid_grant")
    refused("the newest token of a log-in whose old token came", lambda: refresh(third), "invalid_grant")
    document = (
        f"https://127.0.0.1:{visitor.nation.web}/xcap/org.3gpp.mcptt.service-config/global/service-config.xml")
    for name, tokens in (("given back", ended), ("ended by its old token", third)):
        answer = visitor.browser.get(document, headers={"authorization": f"Bearer {tokens['access_token']}"})
        check(answer.status_code == 401, f"the access token of a log-in that was {name} opens nothing after a crash")
    check("access_token" in refresh(other), "other log-ins of the user go on")


def restart(visitor):
    keys = visitor.browser.get(visitor.metadata["jwks_uri"]).json()
    visitor.nation.cut_power()
    visitor.nation.serve()
    after = visitor.browser.get(visitor.metadata["jwks_uri"]).json()
    check({key["kid"] for key in keys["keys"]} <= {key["kid"] for key in after["keys"]},
          "signing keys survive a crash, so tokens do")


def nothing_in_logs(visitor, secrets):
    log = ground.text(visitor.nation.system.log)
    for name, secret in secrets.items():
        check(secret not in log, f"{name} does not stand in the log")


def main():
    visitor = Visitor()
    discovery(visitor)
    tokens, fresh, location, verifier, state = log_in_and_refresh(visitor)
    lured(visitor)
    refusals(visitor, tokens, location, verifier, state)
    secrets = {"the password": PASSWORD, "the access token": fresh["access_token"],
               "the refresh token": fresh["refresh_token"], "the code": parse_qs(urlsplit(location).query)["code"][0]}
    nothing_in_logs(visitor, secrets)
    bad_tokens(visitor, fresh)
    log_ins_survive(visitor)
    policy(visitor)
    lock_out(visitor)
    restart(visitor)
    page, _ = visitor.page(generate_token(48))
    check(visitor.submit(page).status_code == 200, "who was locked out waits after a crash too")
    say("Authlib logged in, checked both tokens by the published keys, and refreshed; forgeries were refused")
    say("log-ins, revocations and lock-outs survived kill -9; a changed policy held at once")


ground.judge(main)
