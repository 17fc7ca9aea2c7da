"""A foreign OpenID Connect client against identity management: Authlib makes the requests and judges the tokens."""

import base64
import html
import json
import re
import ssl
from urllib.parse import parse_qs, urlsplit

import ground
import httpx
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.jose import JsonWebKey, jwt
from authlib.oidc.core import CodeIDToken
from ground import check, say
from nation import PASSWORD, Nation

CLIENT, REDIRECT = "euccs-responder", "eu.euccs.responder:/signed-in"
SCOPE = "openid 3gpp:mc:ptt_service 3gpp:mc:ptt_config_management_service"
USER = "anna"


class Visitor:
    """A browser and an application of Anna's."""

    def __init__(self):
        self.nation = Nation([USER]).serve()
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
    """Ten failures in a row: then the right password is refused too."""
    for _ in range(6):
        page, _ = visitor.page(generate_token(48))
        for _ in range(4):
            page = visitor.submit(page, password="guess")
            if page.status_code != 200:
                break
    page, _ = visitor.page(generate_token(48))
    check(visitor.submit(page).status_code == 200, "after many failures the right password waits too")


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
    refusals(visitor, tokens, location, verifier, state)
    secrets = {"the password": PASSWORD, "the access token": fresh["access_token"],
               "the refresh token": fresh["refresh_token"], "the code": parse_qs(urlsplit(location).query)["code"][0]}
    nothing_in_logs(visitor, secrets)
    lock_out(visitor)
    restart(visitor)
    say("Authlib logged in, checked both tokens by the published keys, and refreshed; forgeries were refused")


ground.judge(main)
