import Administration
import AdministrationService
import Foundation
import NationalAdministration
import Testing
import WebServices

/// The description against the service, and against the records.
@Suite struct DescriptionTests {
    private func described(_ bench: Bench) async throws -> [String: Any] {
        let answer = await bench.ask("GET", "openapi.json")
        #expect(answer.status == 200 && answer.header("content-type") == "application/json")
        return try #require(answer.json)
    }

    private func schema(_ name: String, of document: [String: Any]) throws -> [String: Any] {
        let components = try #require(document["components"] as? [String: Any])
        return try #require((components["schemas"] as? [String: Any])?[name] as? [String: Any])
    }

    @Test func `every described operation is there, every other method is refused with those that are`() async throws {
        let bench = try await Bench()
        let document = try await described(bench)
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        #expect(paths.count == 29)
        for path in paths.keys.sorted() {
            let methods = (paths[path]?.keys.sorted() ?? []).filter { $0 != "parameters" }.map { $0.uppercased() }
            let target = path.dropFirst("/admin/v1/".count).replacingOccurrences(of: "{id}", with: "x")
                .replacingOccurrences(of: "{user}", with: "y")
            for method in ["GET", "PUT", "POST", "DELETE", "PATCH", "TRACE"] {
                let answer = await bench.ask(method, target)
                if methods.contains(method) {
                    #expect(![404, 405].contains(answer.status), "\(method) \(path)")
                } else {
                    #expect(answer.status == 405, "\(method) \(path)")
                    let allowed = answer.header("allow")?.split(separator: ", ").map(String.init).sorted()
                    #expect(allowed?.filter { $0 != "HEAD" } == methods, "\(path)")
                }
            }
        }
    }

    @Test func `every field of a record but its secrets is described, and every reference leads somewhere`()
        async throws
    {
        let bench = try await Bench()
        let document = try await described(bench)
        let everything: [(String, FleetRecord)] = [
            ("Organisation", .organisation(OrganisationRecord(id: "a", name: "a", country: "IT", parent: "b"))),
            (
                "Profile",
                .profile(
                    ProfileRecord(
                        name: "a",
                        maxima: ProfileMaxima(
                            affiliationsN2: 1, groupCallsPerClientN4: 1, groupCallsN6: 1, transmissionsN7: 1)))
            ),
            (
                "User",
                .user(
                    UserRecord(
                        id: "a", loginName: "a", organisation: "a", profile: "a", otherProfiles: [],
                        legacyAffiliations: []))
            ),
            ("Device", .device(DeviceRecord(instance: "a", organisation: "a", user: "a"))),
            ("FunctionalAlias", .functionalAlias(FunctionalAliasRecord(id: "a", organisation: "a"))),
            ("Policy", .policy(PolicyRecord())),
            ("Administrator", .administrator(AdministratorRecord(id: "a", organisation: "a", roles: []))),
        ]
        var group = GroupRecord(id: "a", organisation: "a", type: .chat)
        group.maximumDuration = 1
        for (name, record) in everything + [("Group", .group(group))] {
            let body = Data(try record.stored(by: JSONRecordCoding()).body)
            let kept = try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any])
            let properties = try #require(try schema(name, of: document)["properties"] as? [String: Any])
            #expect(kept.keys.sorted() == properties.keys.sorted(), "\(name)")
        }
        let text = String(decoding: try JSONSerialization.data(withJSONObject: document), as: UTF8.self)
        for part in text.replacingOccurrences(of: "\\/", with: "/").components(separatedBy: "\"$ref\":\"#/").dropFirst()
        {
            let path = part.prefix { $0 != "\"" }.split(separator: "/").map(String.init)
            var place: Any? = document
            for name in path { place = (place as? [String: Any])?[name] }
            #expect(place != nil, "\(path)")
        }
    }

    @Test func `the description says which rights have an effect`() async throws {
        let bench = try await Bench()
        let document = try await described(bench)
        for name in ["Profile", "ProfileRequest"] {
            let properties = try #require(try schema(name, of: document)["properties"] as? [String: Any])
            let text = try #require((properties["rights"] as? [String: Any])?["description"] as? String)
            let listed = text.split(separator: "In effect now: ").last?
                .split(separator: ". ").first?.split(
                    separator: ", ")
            #expect(listed?.map(String.init) == UserRight.enforced.map(\.rawValue))
            #expect(text.contains(RecordAccess.rightsInEffect))
        }
    }

    @Test func `every code of a problem is described`() async throws {
        let bench = try await Bench()
        let problem = try schema("Problem", of: try await described(bench))
        let codes = ((problem["properties"] as? [String: Any])?["code"] as? [String: Any])?["enum"] as? [String]
        #expect(codes?.contains("precondition-failed") == true && codes?.contains("weak-password") == true)
    }
}
