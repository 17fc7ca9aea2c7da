"""Applications that log users in: the whole code flow with PKCE (RFC 6749 4.1, RFC 7636) over HTTPS, many at a time."""

import base64
import hashlib
import html
import http.client
import json
import re
import secrets
import ssl
import threading
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import fleet
from ground import Failed

CLIENT, REDIRECT = "euccs-responder", "eu.euccs.responder:/signed-in"
SCOPE = "openid 3gpp:mc:ptt_service"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Application:
    """One connection that is kept, as a browser keeps it."""

    def __init__(self, port, authority):
        trust = ssl.create_default_context(cafile=authority)
        self.line = http.client.HTTPSConnection("127.0.0.1", port, context=trust, timeout=60)
        # What shows that the one who fills in the page is who opened it.
        self.mark = None

    def ask(self, method, path, fields=None, expecting=200):
        headers = dict(FORM if fields else {}, **({"cookie": self.mark} if self.mark else {}))
        self.line.request(method, path, urlencode(fields) if fields else None, headers)
        answer = self.line.getresponse()
        body = answer.read().decode()
        self.mark = (answer.headers["set-cookie"] or self.mark or "").split(";")[0]
        if answer.status != expecting:
            raise Failed(f"{method} {path}: {answer.status} {body[:300]}")
        return answer, body

    def log_in(self, name):
        """The access token of a user."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        _, page = self.ask("GET", "/identity/authorize?" + urlencode({
            "response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT, "scope": SCOPE,
            "state": secrets.token_urlsafe(16), "nonce": secrets.token_urlsafe(16),
            "acr_values": "3gpp:acr:password", "code_challenge": challenge, "code_challenge_method": "S256"}))
        field = re.search(r'name="login" value="([^"]+)"', page)
        action = re.search(r'<form method="post" action="([^"]+)"', page)
        if not field or not action:
            raise Failed(f"no page to log in by: {page[:300]}")
        back, _ = self.ask("POST", urlsplit(html.unescape(action[1])).path, {
            "login": html.unescape(field[1]), "user": name, "password": fleet.LOGIN_PASSWORD}, expecting=303)
        code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
        _, tokens = self.ask("POST", "/identity/token", {
            "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "client_id": CLIENT,
            "code_verifier": verifier})
        return json.loads(tokens)["access_token"]


def log_in_all(port, authority, names, at_a_time):
    """Seconds of each log-in."""
    waiting, taken, failures, turn = iter(names), [], [], threading.Lock()

    def work():
        try:
            application = Application(port, authority)
            while True:
                with turn:
                    name = next(waiting, None)
                if name is None or failures:
                    return
                began = time.monotonic()
                application.log_in(name)
                taken.append(time.monotonic() - began)
        except Exception as failure:  # pylint: disable=broad-except
            failures.append(failure)

    workers = [threading.Thread(target=work) for _ in range(at_a_time)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise Failed(f"log-in: {failures[0]}")
    return taken
