import Administration
import OrderedCollections
import Testing

@Suite struct CSVTests {
    private func read(_ text: String) throws(ImportErrors) -> [FleetRow] {
        try FleetTable(csv: Array(text.utf8), .users).rows
    }

    private func errors(_ octets: [UInt8]) -> [ImportError] {
        do throws(ImportErrors) {
            _ = try FleetTable(csv: octets, .users)
            return []
        } catch {
            return error.errors
        }
    }

    private func errors(_ text: String) -> [ImportError] { errors(Array(text.utf8)) }

    @Test func cellsAreFoundUnderTheirColumnsWithTheirLines() throws {
        let rows = try read("id,display_name\r\na,Anna\r\nb,\r\n")
        #expect(rows.map(\.line) == [2, 3])
        #expect(rows[0].cells == ["id": FleetCell("a", line: 2), "display_name": FleetCell("Anna", line: 2)])
        #expect(rows[1].cells["display_name"]?.value == "")
    }

    @Test func quotedCellsHoldCommasQuotesAndLines() throws {
        let rows = try read("id,x,y\n\"a,1\",\"say \"\"hi\"\"\",\"two\r\nlines\"\nb,c,\"\"\n")
        #expect(rows[0].cells.values.map(\.value) == ["a,1", "say \"hi\"", "two\r\nlines"])
        #expect(rows[1].line == 4)
        #expect(rows[1].cells.values.map(\.value) == ["b", "c", ""])
    }

    @Test func aByteOrderMarkEmptyLinesAndAMissingLastEndDoNotMatter() throws {
        let octets: [UInt8] = [0xef, 0xbb, 0xbf] + Array("id,x\n\na,b".utf8)
        let rows = try FleetTable(csv: octets, .users).rows
        #expect(rows.count == 1)
        #expect(rows[0].cells["id"] == FleetCell("a", line: 3))
    }

    @Test func mistakesOfFormAreToldWithTheirLine() {
        #expect(errors("").first?.line == 1)
        #expect(errors("id,x\na\nb,c\nd,e,f\n").map(\.line) == [2, 4])
        #expect(errors("id,x\na,\"b\n\n").map(\.line) == [2])
        #expect(errors("id,x\na,b\"c\n").map(\.line) == [2])
        #expect(errors("id,x\na,\"b\"c\n").map(\.line) == [2])
        #expect(errors("id,x\ra,b\n").map(\.line) == [1])
        #expect(errors("id,id\n").map(\.column) == ["id"])
        #expect(errors("id;x\na;b\n").first?.text.contains("semicolons") == true)
        #expect(errors(Array("id,x\na,".utf8) + [0xff, 10]).map(\.line) == [2])
    }

    @Test func sizesAreBounded() {
        let wide = Array(repeating: "c", count: FleetLimits.tableColumns + 1).joined(separator: ",")
        #expect(errors(wide + "\n").count == 1)
        let long = String(repeating: "a", count: FleetLimits.cellOctets + 1)
        #expect(errors("id\n\(long)\n").count == 1)
    }

    @Test func aCellDoesNotPrint() {
        let row = FleetRow(line: 1, cells: ["password": FleetCell("rain over Genoa", line: 1)])
        var shown = "\(row)"
        dump(row, to: &shown)
        #expect(!shown.contains("Genoa"))
    }
}
