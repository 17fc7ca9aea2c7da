"""A client of the MC service, written from the RFCs alone: SIP over TLS, digest (RFC 8760), service settings."""

import hashlib
import re
import secrets
import socket
import ssl

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
ICSI = "urn%3Aurn-7%3A3gpp-service.ims.icsi.mcptt"


class Answer:
    def __init__(self, head):
        lines = head.split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if ":" in line]

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def first(self, name):
        return next(iter(self.all(name)), "")


class Client:
    """One device of a user, over a connection of its own."""

    def __init__(self, user, domain, password, port, authority, address="127.0.0.1"):
        self.user, self.domain, self.password = user, domain, password
        self.identity = f"sip:{user}@{domain}"
        self.instance = f"urn:uuid:00000000-0000-4000-8000-{secrets.token_hex(6)}"
        context = ssl.create_default_context(cafile=authority)
        wire = socket.create_connection((address, port), timeout=10)
        self.wire = context.wrap_socket(wire, server_hostname=domain)
        self.octets = b""
        self.number = 0
        self.call = secrets.token_hex(8)
        self.host, self.port = self.wire.getsockname()

    def close(self):
        self.wire.close()

    def ask(self, method, uri, headers, body=b""):
        """Sends a request and gives its final answer; what the system asks meanwhile is answered with 200."""
        self.number += 1
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/TLS {self.host}:{self.port};branch=z9hG4bK{secrets.token_hex(8)};rport",
            f"From: <{self.identity}>;tag={self.call}", f"Call-ID: {self.call}", f"CSeq: {self.number} {method}",
            "Max-Forwards: 70",
            f"Contact: <sip:{self.user}@{self.host}:{self.port};transport=tls>;+g.3gpp.mcptt;"
            f'+g.3gpp.icsi-ref="{ICSI}";+sip.instance="<{self.instance}>"',
            *headers, f"Content-Length: {len(body)}", "", ""]
        self.wire.sendall("\r\n".join(lines).encode() + body)
        while True:
            head = self._message()
            if head.startswith("SIP/2.0 "):
                answer = Answer(head)
                if answer.status >= 200 and answer.first("CSeq") == f"{self.number} {method}":
                    return answer
            elif not head.startswith("ACK "):
                kept = [line for line in head.split("\r\n")[1:]
                        if line.split(":")[0].lower() in ("via", "from", "to", "call-id", "cseq")]
                self.wire.sendall("\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]).encode())

    def _message(self):
        while True:
            self.octets = self.octets.lstrip(b"\r\n")
            end = self.octets.find(b"\r\n\r\n")
            if end >= 0:
                head = self.octets[:end].decode()
                length = re.search(r"(?im)^(?:Content-Length|l)\s*:\s*(\d+)", head)
                whole = end + 4 + (int(length.group(1)) if length else 0)
                if len(self.octets) >= whole:
                    self.octets = self.octets[whole:]
                    return head
            more = self.wire.recv(65536)
            if not more:
                raise ConnectionError("the system closed the connection")
            self.octets += more

    def register(self):
        uri = f"sip:{self.domain}"
        headers = [f"To: <{self.identity}>", "Expires: 600", "Supported: path, gruu"]
        challenged = self.ask("REGISTER", uri, headers)
        if challenged.status != 401:
            return challenged
        return self.ask("REGISTER", uri, [*headers, self._proof(challenged.first("WWW-Authenticate"), uri)])

    def _proof(self, challenge, uri):
        given = {name.lower(): quoted or plain for name, quoted, plain
                 in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', challenge)}
        digest = HASHES[given.get("algorithm", "MD5")]

        def hashed(*parts):
            return digest(":".join(parts).encode()).hexdigest()

        name, count, chance = f"{self.user}@{self.domain}", "00000001", secrets.token_hex(8)
        response = hashed(
            hashed(name, given["realm"], self.password), given["nonce"], count, chance, "auth",
            hashed("REGISTER", uri))
        return (
            f'Authorization: Digest username="{name}",realm="{given["realm"]}",nonce="{given["nonce"]}",uri="{uri}",'
            f'response="{response}",algorithm={given.get("algorithm", "MD5")},cnonce="{chance}",qop=auth,nc={count}')

    def publish_settings(self, token):
        """TS 24.379 7.2.2: the service settings with an access token, which authorise the client."""
        service = f"sip:mcptt-participating@{self.domain}"
        given = "" if token is None else (
            f'<mcptt-access-token type="Normal"><mcpttString>{token}</mcpttString></mcptt-access-token>')
        body = "\r\n".join([
            "--part", "Content-Type: application/vnd.3gpp.mcptt-info+xml", "",
            f'<mcpttinfo xmlns="urn:3gpp:ns:mcpttInfo:1.0"><mcptt-Params>{given}'
            f'<mcptt-request-uri type="Normal"><mcpttURI>{service}</mcpttURI></mcptt-request-uri>'
            f'<mcptt-client-id type="Normal"><mcpttString>{self.instance}</mcpttString></mcptt-client-id>'
            "</mcptt-Params></mcpttinfo>",
            "--part", "Content-Type: application/poc-settings+xml", "",
            f'<poc-settings xmlns="urn:oma:params:xml:ns:poc:poc-settings"><entity id="{self.instance}"><am-settings>'
            "<answer-mode>automatic</answer-mode></am-settings></entity></poc-settings>", "--part--", ""])
        return self.ask("PUBLISH", service, [
            f"To: <{service}>", "P-Preferred-Service: urn:urn-7:3gpp-service.ims.icsi.mcptt",
            "Accept-Contact: *;+g.3gpp.mcptt;require;explicit",
            f'Accept-Contact: *;+g.3gpp.icsi-ref="{ICSI}";require;explicit', "Event: poc-settings",
            "Expires: 4294967295", "Content-Type: multipart/mixed;boundary=part"], body.encode())
