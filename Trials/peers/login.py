"""A foreign OpenID Connect client against identity management: Authlib makes the requests and judges the tokens."""

import base64
import html
import json
import os
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

CLIENT, REDIRECT = "euccs-responder", "eu.euccs.responder:/signed-in"
SCOPE = "openid 3gpp:mc:ptt_service 3gpp:mc:ptt_config_management_service"
USER, PASSWORD = "anna", "pioggia su Genova 1"


class Nation:
    """A system as `admin init` makes it, with one user, and a browser of hers."""

    def __init__(self):
        self.folder = os.path.join(ground.WORK, "nation")
        access, partner, web, operations, media, border = ground.free_pairs(6)
        ground.run(
            "admin", "init", "--folder", self.folder, "--name", "Italia", "--country", "IT", "--domain",
            "mc.it.example", "--address", "127.0.0.1", "--access-port", access, "--partner-port", partner,
            "--web-port", web, "--operations-port", operations, "--media-port", media, "--partner-media-port", border)
        self.configuration = os.path.join(self.folder, "system.yaml")
        users = os.path.join(self.folder, "users.csv")
        with open(users, "w", encoding="utf-8") as file:
            file.write("id,password,login_name,login_password,organisation,profile\n")
            file.write(f"sip:anna@mc.it.example,a device of Anna's,{USER},{PASSWORD},national,responder\n")
        ground.run("admin", "import", "--config", self.configuration, "--as", "admin", "--users", users)
        self.url = f"https://127.0.0.1:{web}/identity"
        trust = ssl.create_default_context(cafile=os.path.join(self.folder, "authority.pem"))
        self.browser = httpx.Client(verify=trust, follow_redirects=False)
        self.client = OAuth2Client(
            client_id=CLIENT, redirect_uri=REDIRECT, scope=SCOPE, code_challenge_method="S256",
            token_endpoint_auth_method="none", verify=trust)
        self.serve()

    def serve(self):
        self.system = ground.start([ground.EUCCS, "serve", "--config", self.configuration], "nation.log")
        ground.wait(20, lambda: "ready: " in ground.text(self.system.log), "the system", self.system)

    def restart(self):
        """As a power cut does it."""
        self.system.kill()
        self.system.wait()
        os.truncate(self.system.log, 0)
        self.serve()

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


def discovery(nation):
    nation.metadata = nation.browser.get(nation.url + "/.well-known/openid-configuration").json()
    check(nation.metadata["issuer"] == nation.url, "discovery names the issuer")
    check(nation.metadata["code_challenge_methods_supported"] == ["S256"], "only S256 proves a code")


def log_in_and_refresh(nation):
    location, verifier, state = nation.log_in()
    answer = parse_qs(urlsplit(location).query)
    check(answer["iss"] == [nation.url], "the answer names its issuer (RFC 9207)")
    tokens = nation.tokens(location, verifier, state)
    keys = JsonWebKey.import_key_set(nation.browser.get(nation.metadata["jwks_uri"]).json())
    identity = jwt.decode(
        tokens["id_token"], keys, claims_cls=CodeIDToken,
        claims_options={"iss": {"value": nation.url}, "aud": {"value": CLIENT}},
        claims_params={"nonce": "n-0S6_WzA2Mj", "client_id": CLIENT})
    identity.validate()
    check(identity["mcptt_id"] == "sip:anna@mc.it.example", "the ID token names the MCPTT ID")
    access = jwt.decode(tokens["access_token"], keys)
    access.validate()
    check(access["mcptt_id"] == "sip:anna@mc.it.example", "the access token names the MCPTT ID")
    check("3gpp:mc:ptt_service" in access["scope"], "the access token has the scope of the service")
    check(access["exp"] - access["iat"] <= 3600, "access tokens are short-lived")
    fresh = nation.client.refresh_token(nation.metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
    check(fresh["access_token"] != tokens["access_token"], "a refresh gives another token")
    return tokens, fresh, location, verifier, state


def refusals(nation, tokens, location, verifier, state):
    endpoint = nation.metadata["token_endpoint"]
    refused("a replayed code", lambda: nation.tokens(location, verifier, state), "invalid_grant")
    other, right, state = nation.log_in()
    refused("a wrong verifier", lambda: nation.tokens(other, generate_token(48), state), "invalid_grant")
    refused("a code after a wrong verifier", lambda: nation.tokens(other, right, state), "invalid_grant")
    refused("a refresh token used twice", lambda: nation.client.refresh_token(
        endpoint, refresh_token=tokens["refresh_token"]), "invalid_grant")
    refused("a refresh token that was guessed", lambda: nation.client.refresh_token(
        endpoint, refresh_token=generate_token(43)), "invalid_grant")
    page, _ = nation.page(generate_token(48), redirect_uri="https://evil.example/")
    check(page.status_code == 400, "an unknown redirect URI is told on a page and never followed")
    plain = nation.browser.get(nation.metadata["authorization_endpoint"], params={
        "response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT, "scope": SCOPE, "state": "s",
        "code_challenge": generate_token(43), "code_challenge_method": "plain"})
    check("error=invalid_request" in plain.headers.get("location", ""), "code_challenge_method plain is refused")
    page, _ = nation.page(generate_token(48))
    again = nation.submit(page, password="sole su Genova")
    check(again.status_code == 200 and "Log-in did not succeed" in again.text, "a wrong password gives the page again")
    unknown = nation.submit(again, user="nobody")
    check(re.sub("nobody|anna", "", unknown.text) == re.sub("nobody|anna", "", again.text),
          "an unknown name is told nothing else")
    check("<script" not in page.text, "the page needs no JavaScript")


def lock_out(nation):
    """Ten failures in a row: then the right password is refused too."""
    for _ in range(6):
        page, _ = nation.page(generate_token(48))
        for _ in range(4):
            page = nation.submit(page, password="guess")
            if page.status_code != 200:
                break
    page, _ = nation.page(generate_token(48))
    check(nation.submit(page).status_code == 200, "after many failures the right password waits too")


def restart(nation):
    keys = nation.browser.get(nation.metadata["jwks_uri"]).json()
    nation.restart()
    after = nation.browser.get(nation.metadata["jwks_uri"]).json()
    check({key["kid"] for key in keys["keys"]} <= {key["kid"] for key in after["keys"]},
          "signing keys survive a crash, so tokens do")


def nothing_in_logs(nation, secrets):
    log = ground.text(nation.system.log)
    for name, secret in secrets.items():
        check(secret not in log, f"{name} does not stand in the log")


def main():
    nation = Nation()
    discovery(nation)
    tokens, fresh, location, verifier, state = log_in_and_refresh(nation)
    refusals(nation, tokens, location, verifier, state)
    secrets = {"the password": PASSWORD, "the access token": fresh["access_token"],
               "the refresh token": fresh["refresh_token"], "the code": parse_qs(urlsplit(location).query)["code"][0]}
    nothing_in_logs(nation, secrets)
    lock_out(nation)
    restart(nation)
    say("Authlib logged in, checked both tokens by the published keys, and refreshed; forgeries were refused")


ground.judge(main)
