public import Administration

/// The files that somebody hands in together, read one after another: what is wrong with any of them is told at once.
public struct TableFiles: Sendable {
    private var read: [FleetTable] = []
    private var errors: [ImportError] = []

    public init() {}

    public mutating func take(csv octets: [UInt8], _ kind: FleetTable.Kind) {
        do throws(ImportErrors) { read.append(try FleetTable(csv: octets, kind)) } catch { errors += error.errors }
    }

    public mutating func take(yaml octets: [UInt8]) {
        do throws(ImportErrors) { read += try FleetTable.tables(yaml: octets) } catch { errors += error.errors }
    }

    /// - Throws: Every mistake of form.
    public func tables() throws(ImportErrors) -> [FleetTable] {
        guard errors.isEmpty else { throw ImportErrors(errors) }
        return read
    }
}
