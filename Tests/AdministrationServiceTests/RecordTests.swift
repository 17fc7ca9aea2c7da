import Administration
import AdministrationService
import Foundation
import MCFoundation
import NationalAdministration
import Testing
import WebServices

@Suite struct RecordTests {
    static let anna = "users/sip%3Aanna@mc.it.example"

    @Test func `a user is made, read, replaced and deleted`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("fire")
        let target = "users/sip:dario@mc.it.example"
        #expect(await bench.ask("GET", target, token: token).status == 404)
        let made = await bench.ask(
            "PUT", target, #"{"organisation":"vvf","profile":"responder","displayName":"Dario","priority":7}"#,
            token: token)
        #expect(made.status == 201)
        #expect(made.header("location") == "/admin/v1/users/sip:dario@mc.it.example")
        #expect(made.member("publicIdentity") == "sip:dario@mc.it.example")
        #expect(made.member("privateIdentity") == "dario@mc.it.example")
        let read = await bench.ask("GET", target, token: token)
        #expect(read.status == 200 && read.body == made.body && read.header("etag") == made.header("etag"))
        // What was read can be sent back.
        let same = await bench.ask("PUT", target, octets: read.body, token: token)
        #expect(same.status == 200 && same.body == read.body)
        let replaced = await bench.ask("PUT", target, #"{"organisation":"vvf"}"#, token: token)
        #expect(replaced.status == 200 && replaced.json?["priority"] as? Int == 0)
        #expect(replaced.json?["profile"] == nil)
        #expect(await bench.ask("DELETE", target, token: token).status == 204)
        #expect(await bench.ask("DELETE", target, token: token).status == 404)
    }

    @Test func `every kind is made from what it requires, read back as it was sent, and deleted`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        for (target, body) in [
            ("organisations/cri", #"{"name":"Croce Rossa","country":"IT"}"#), ("profiles/chief", "{}"),
            ("users/sip:dario@mc.it.example", #"{"organisation":"vvf"}"#),
            ("devices/urn:uuid:9", #"{"organisation":"vvf"}"#),
            ("groups/sip:snow@mc.it.example", #"{"organisation":"vvf","type":"chat"}"#),
            ("functional-aliases/sip:boss@mc.it.example", #"{"organisation":"vvf"}"#),
            ("administrators/new", #"{"roles":["reader"]}"#),
        ] {
            let made = await bench.ask("PUT", target, body, token: token)
            #expect(made.status == 201, "\(target) \(made.text)")
            let again = await bench.ask("PUT", target, octets: made.body, token: token)
            #expect(again.status == 200 && again.body == made.body, "\(target) \(again.text)")
            #expect(await bench.ask("HEAD", target, token: token).status == 200)
            #expect(await bench.ask("DELETE", target, token: token).status == 204, "\(target)")
        }
        let policy = await bench.ask("GET", "policy", token: token)
        #expect(policy.status == 200)
        #expect(await bench.ask("PUT", "policy", octets: policy.body, token: token).body == policy.body)
        let changed = await bench.ask("PUT", "policy", #"{"password":{"minimumLength":20}}"#, token: token)
        #expect((changed.json?["password"] as? [String: Any])?["minimumLength"] as? Int == 20)
        #expect((changed.json?["password"] as? [String: Any])?["maximumLength"] as? Int == 128)
        #expect(await bench.ask("DELETE", "policy", token: token).status == 405)
    }

    @Test func `a domain in capital letters names the same`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("fire")
        #expect(await bench.ask("GET", "users/sip:anna@MC.IT.example", token: token).status == 200)
        let put = await bench.ask(
            "PUT", "users/sip:anna@MC.IT.example", #"{"id":"sip:anna@mc.it.EXAMPLE","organisation":"vvf"}"#,
            token: token)
        #expect(put.status == 200 && put.member("id") == Bench.id("anna"))
    }

    @Test func `secrets come in and never go out, and stay where none comes`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        let body = """
            {"organisation":"vvf","loginName":"anna","password":"a quite long one","device_password":"for her devices"}
            """
        let put = await bench.ask("PUT", Self.anna, body, token: token)
        #expect(put.status == 200)
        let kept = try #require(await bench.administration.fleet.user(Bench.id("anna")))
        let verifier = try #require(kept.passwordVerifier)
        #expect(PasswordWork.proves("a quite long one", verifier))
        #expect(
            kept.credentials
                == PasswordWork.hashes(
                    userName: "anna@mc.it.example", realm: "mc.it.example", password: "for her devices"))
        // Without passwords they stay; the tag is of what is seen.
        let again = await bench.ask("PUT", Self.anna, octets: put.body, token: token)
        #expect(again.status == 200 && again.header("etag") == put.header("etag"))
        #expect(await bench.administration.fleet.user(Bench.id("anna")) == kept)
        for target in [Self.anna, "users", "administrators", "administrators/root", "export/users", "policy"] {
            let text = await bench.ask("GET", target, token: token).text
            for secret in [
                "scrypt", "verifier", "credentials", "aaaa", "a quite long one", kept.credentials?.md5 ?? "x",
            ] { #expect(!text.contains(secret), "\(target) \(secret)") }
        }
        for name in ["credentials", "passwordVerifier"] {
            let answer = await bench.ask("PUT", Self.anna, #"{"organisation":"vvf","\#(name)":"x"}"#, token: token)
            #expect(answer.status == 400 && answer.code == "unknown-field" && answer.member("field") == name)
        }
        // Who has no log-in name has no password, and an old one does not come back.
        #expect(await bench.ask("PUT", Self.anna, #"{"organisation":"vvf"}"#, token: token).status == 200)
        let renamed = await bench.ask("PUT", Self.anna, #"{"organisation":"vvf","loginName":"anna"}"#, token: token)
        #expect(renamed.status == 200)
        #expect(await bench.administration.fleet.user(Bench.id("anna"))?.passwordVerifier == nil)
        let without = await bench.ask(
            "PUT", Self.anna, #"{"organisation":"vvf","password":"a quite long one"}"#, token: token)
        #expect(without.status == 400 && without.member("field") == "password")
    }

    @Test func `who changes a record says which version he saw`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("fire")
        let read = await bench.ask("GET", Self.anna, token: token)
        let tag = try #require(read.header("etag"))
        let body = #"{"organisation":"vvf","displayName":"Anna"}"#
        func put(_ name: String, _ value: String, _ target: String = RecordTests.anna) async -> Int {
            await bench.ask("PUT", target, body, token: token, headers: [(name, value)]).status
        }
        #expect(await put("If-None-Match", "*") == 412)
        #expect(await put("If-Match", "\"other\", \(tag)") == 200)
        #expect(await put("If-Match", tag) == 412)
        #expect(await put("If-Match", "*") == 200)
        #expect(await put("If-Match", "*", "users/sip:dario@mc.it.example") == 412)
        #expect(await put("If-None-Match", "*", "users/sip:dario@mc.it.example") == 201)
        for bad in ["", "x", "\"", "W/", "*, \"x\""] { #expect(await put("If-Match", bad) == 412, "\(bad)") }
        #expect(
            await bench.ask("DELETE", Self.anna, token: token, headers: [("If-Match", tag)]).status == 412)
        let now = try #require(await bench.ask("GET", Self.anna, token: token).header("etag"))
        let unchanged = await bench.ask("GET", Self.anna, token: token, headers: [("If-None-Match", "W/\(now)")])
        #expect(unchanged.status == 304 && unchanged.body.isEmpty && unchanged.header("etag") == now)
        #expect(
            await bench.ask("DELETE", Self.anna, token: token, headers: [("If-Match", now)]).status == 204)
    }

    @Test func `pages follow each other until the last`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        var seen: [String] = []
        var target = "administrators?limit=3"
        for _ in 0..<10 {
            let page = await bench.ask("GET", target, token: token)
            #expect(page.status == 200 && page.items.count <= 3)
            seen += page.items
            guard let next = page.member("next") else { break }
            target = "administrators?limit=3&after=\(next)"
        }
        #expect(seen == ["court", "desk", "eyes", "fire", "mute", "police", "root"])
        let own = await bench.ask("GET", "users?organisation=ps", token: token)
        #expect(own.items == [Bench.id("carla")])
        for bad in ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "page=1", "limit", "after=%zz", "=1"] {
            let answer = await bench.ask("GET", "users?\(bad)", token: token)
            #expect(answer.status == 400 && answer.code == "invalid-query", "\(bad)")
        }
    }

    @Test func `a page ends early where its records are large`() async throws {
        var limits = AdministrationLimits()
        limits.pageBytes = 10
        let bench = try await Bench(limits)
        let token = try await bench.logIn("root")
        let page = await bench.ask("GET", "groups", token: token)
        #expect(page.items == [Bench.id("flood")] && page.member("next") == Bench.id("flood"))
    }

    @Test func `a user is suspended and resumed, and members come and go`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("desk")
        let suspended = await bench.ask("POST", "\(Self.anna)/suspend", token: token)
        #expect(suspended.status == 200 && suspended.json?["isSuspended"] as? Bool == true)
        let resumed = await bench.ask("POST", "\(Self.anna)/resume", token: token)
        #expect(resumed.status == 200 && resumed.json?["isSuspended"] as? Bool == false)
        #expect(await bench.ask("POST", "users/sip:x@mc.it.example/suspend", token: token).status == 404)
        let member = "groups/sip:flood@mc.it.example/members/sip:bruno@mc.it.example"
        let added = await bench.ask("PUT", member, #"{"priority":9}"#, token: token)
        #expect(added.status == 201 && added.json?["priority"] as? Int == 9)
        #expect(added.json?["mayJoin"] as? Bool == true)
        #expect(await bench.ask("PUT", member, "{}", token: token).status == 200)
        #expect(await bench.administration.fleet.group(Bench.id("flood"))?.members.count == 2)
        #expect(await bench.ask("DELETE", member, token: token).status == 204)
        #expect(await bench.ask("DELETE", member, token: token).status == 404)
        let nobody = await bench.ask(
            "PUT", "groups/sip:flood@mc.it.example/members/sip:x@mc.it.example", "{}", token: token)
        #expect(nobody.status == 409 && nobody.code == "unknown-reference")
    }

    @Test func `every refusal has its status and names its field`() async throws {
        let bench = try await Bench()
        let token = try await bench.logIn("root")
        let user = "users/sip:dario@mc.it.example"
        for (target, body, status, code, field) in [
            (user, "{}", 400, "invalid", "organisation"), (user, "[]", 400, "invalid", nil),
            (user, #"{"organisation":"vvf","shoe":1}"#, 400, "unknown-field", "shoe"),
            (user, #"{"organisation":"vvf","rights":{"x":1}}"#, 400, "unknown-field", "rights.x"),
            (user, #"{"organisation":"vvf","rights":{"allowed":["fly"]}}"#, 400, "invalid", "rights.allowed"),
            (user, #"{"organisation":"vvf","priority":256}"#, 400, "invalid", "priority"),
            (user, #"{"organisation":"vvf","priority":1.5}"#, 400, "invalid", "priority"),
            (user, #"{"organisation":"vvf","profile":null}"#, 400, "invalid", "profile"),
            (user, #"{"organisation":"vvf","id":"sip:other@mc.it.example"}"#, 409, "conflict", "id"),
            (user, #"{"organisation":"xx"}"#, 409, "unknown-reference", "organisation"),
            (user, #"{"organisation":"vvf","loginName":"anna"}"#, 409, "conflict", "loginName"),
            ("users/sip:x@elsewhere.example", #"{"organisation":"vvf"}"#, 403, "foreign-domain", "id"),
            ("users/x", #"{"organisation":"vvf"}"#, 400, "invalid", "id"),
            ("administrators/root", #"{"roles":["reader"]}"#, 403, "not-allowed", "id"),
        ] {
            let answer = await bench.ask("PUT", target, body, token: token)
            #expect(answer.status == status && answer.code == code && answer.member("field") == field, "\(answer.text)")
            #expect(answer.header("content-type") == "application/problem+json")
            #expect(answer.json?["status"] as? Int == status)
        }
        #expect(await bench.ask("DELETE", "organisations/vvf", token: token).status == 409)
        // A number is whole by its value, not by how it is written.
        let whole = await bench.ask("PUT", user, #"{"organisation":"vvf","priority":1.2e1}"#, token: token)
        #expect(whole.status == 201 && whole.json?["priority"] as? Int == 12)
        let plain = await bench.ask("PUT", user, "{}", token: token, headers: [("content-type", "text/plain")])
        #expect(plain.status == 415)
        #expect(await bench.ask("PUT", user, octets: nil, token: token).status == 415)
        for (method, target, allow) in [
            ("POST", "users", "GET, HEAD"), ("GET", "session", "POST, DELETE"),
            ("TRACE", user, "GET, HEAD, PUT, DELETE"),
            ("PUT", "\(user)/suspend", "POST"), ("OPTIONS", "policy", "GET, HEAD, PUT"),
        ] {
            let answer = await bench.ask(method, target, token: token)
            #expect(answer.status == 405 && answer.header("allow") == allow)
        }
        for target in [
            "", "x", "users/", "users/a/b", "users/a/b/c/d/e/f/g/h/i", "export/devices", "audit", "groups/a/members/",
        ] {
            #expect(await bench.ask("GET", target, token: token).status == 404, "\(target)")
        }
    }
}
