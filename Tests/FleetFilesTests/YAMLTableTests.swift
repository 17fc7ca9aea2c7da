import Administration
import FleetFiles
import OrderedCollections
import Policy
import Testing

@Suite struct YAMLTableTests {
    private func read(_ text: String, _ limits: FleetFileLimits = FleetFileLimits()) throws -> [FleetTable] {
        try FleetTable.tables(yaml: Array(text.utf8), limits: limits)
    }

    private func errors(_ text: String, _ limits: FleetFileLimits = FleetFileLimits()) -> [ImportError] {
        errors(Array(text.utf8), limits)
    }

    private func errors(_ octets: [UInt8], _ limits: FleetFileLimits = FleetFileLimits()) -> [ImportError] {
        do throws(ImportErrors) {
            _ = try FleetTable.tables(yaml: octets, limits: limits)
            return []
        } catch {
            return error.errors
        }
    }

    @Test func `a mapping of lists is tables with the lines of its values`() throws {
        let tables = try read(
            """
            # The fire service
            users:
              - id: sip:a@x.example
                display_name: "Anna: chief"
                priority: 7
                suspended: false
                profile:
              - {id: sip:b@x.example, display_name: null, agency: "null"}
            groups: []
            """)
        #expect(tables.map(\.kind) == [.users, .groups])
        let rows = tables[0].rows
        #expect(rows.map(\.line) == [3, 8])
        #expect(rows[0].cells["display_name"] == FleetCell("Anna: chief", line: 4))
        #expect(rows[0].cells["priority"] == FleetCell("7", line: 5))
        #expect(rows[0].cells["profile"]?.value == "")
        #expect(rows[1].cells["display_name"]?.value == "")
        #expect(rows[1].cells["agency"]?.value == "null")
        #expect(rows[1].cells["suspended"] == nil)
        #expect(tables[1].rows.isEmpty)
    }

    @Test func `words of a list keep their lines, and an empty list is not nothing`() throws {
        let tables = try read(
            """
            groups:
              - id: sip:g@x.example
                members:
                  - sip:a@x.example;5
                  # not here any more

                  - sip:b@x.example
              - id: sip:h@x.example
                members: [sip:a@x.example, sip:b@x.example]
            users:
              - id: sip:a@x.example
                legacy_affiliations: []
                rights_denied: []
            """)
        #expect(
            tables[0].rows[0].cells["members"] == FleetCell("sip:a@x.example;5\n\n\nsip:b@x.example", line: 4))
        #expect(tables[0].rows[1].cells["members"] == FleetCell("sip:a@x.example sip:b@x.example", line: 9))
        #expect(tables[1].rows[0].cells["legacy_affiliations"]?.value == "none")
        #expect(tables[1].rows[0].cells["rights_denied"]?.value == "")
    }

    @Test func `every mistake of form is told with its line and what was expected`() {
        let errors = errors(
            """
            users:
              - id: sip:a@x.example
                display_name: [a, b]
                id: sip:c@x.example
              - sip:b@x.example
              - id: sip:d@x.example
                rights_allowed: [allow-regroup, "two words", {a: b}]
            devices: []
            groups: sip:g@x.example
            ? [a]
            : b
            """)
        let found = errors.map { "\($0.table?.rawValue ?? "") \($0.line) \($0.column)" }
        #expect(
            found == [
                "users 3 display_name", "users 4 id", "users 5 ", "users 7 rights_allowed", "users 7 rights_allowed",
                " 8 ", "groups 9 ", " 10 ",
            ])
        #expect(errors.contains { $0.text.contains("expected users, groups") })
    }

    @Test func `what is no YAML of one document is refused`() {
        for text in [
            "", "# nothing", "a list", "- a", "users: [\n", "users: []\nusers: []", "users: []\n---\nusers: []",
        ] {
            #expect(errors(text).count == 1, "\(text)")
        }
        #expect(errors("users:\n  - id: \"a\n").first?.line ?? 0 >= 2)
        #expect(!errors([0xff, 0xfe, 0x75, 0x00]).isEmpty)
        #expect(!errors(Array("users: \"".utf8) + [0xc3, 0x28, 0x22]).isEmpty)
    }

    @Test func `aliases, anchors and tags are refused, so nothing is more than it is long`() {
        var laughs = "a: &a [\"lol\"]\n"
        for (name, next) in zip("bcdefghij", "abcdefghi") {
            laughs += "\(name): &\(name) [*\(next), *\(next), *\(next), *\(next), *\(next), *\(next)]\n"
        }
        laughs += "? [*j]\n: x\n"
        let took = ContinuousClock().measure {
            #expect(errors(laughs).contains { $0.text.contains("aliases") })
        }
        #expect(took < .seconds(10))
        #expect(errors("users:\n  - id: &x sip:a@x.example\n").map(\.line) == [2])
        #expect(errors("users:\n  - id: !!binary aGk=\n").map(\.line) == [2])
        #expect(errors("users: &x []\ngroups: *x\n").contains { $0.line == 2 && $0.text.contains("aliases") })
    }

    @Test func `size, depth, columns and mistakes are bounded`() {
        var limits = FleetFileLimits()
        limits.octets = 10
        #expect(errors("users:    []\n", limits).count == 1)
        #expect(errors("users: " + String(repeating: "[", count: 50)).map(\.text).last?.contains("deep") == true)
        #expect(errors("users: " + String(repeating: "[", count: 1_000_000)).count == 1)
        let wide = (0...FleetLimits.tableColumns).map { "c\($0): x" }.joined(separator: ", ")
        #expect(errors("users: [{\(wide)}]").count == 1)
        let long = String(repeating: "a", count: FleetLimits.cellOctets + 1)
        #expect(errors("users: [{id: \(long)}]").map(\.column) == ["id"])
        limits = FleetFileLimits()
        limits.mistakes = 5
        let many = errors("users:\n" + String(repeating: "  - x\n", count: 100), limits)
        #expect(many.count == 6 && many.last?.text.contains("not looked for") == true)
    }
}
