/// Users and groups as tables that `FleetImport` reads to the same again. Secrets are left out: where an import meets a
/// user it leaves his as they are.
public enum FleetExport {
    /// Comma separated values (RFC 4180) in UTF-8 with a header row, in the order of identities.
    ///
    /// - Parameter organisation: Whose; nil for the whole nation.
    public static func csv(
        _ kind: FleetTable.Kind, of fleet: FleetSnapshot, organisation: String? = nil
    ) -> [UInt8] {
        var octets: [UInt8] = []
        switch kind {
        case .users:
            append(UserColumn.written.map(\.rawValue), to: &octets)
            for user in users(of: fleet, organisation) {
                append(UserColumn.written.map { $0.text(of: user) }, to: &octets)
            }
        case .groups:
            append(GroupColumn.allCases.map(\.rawValue), to: &octets)
            for group in groups(of: fleet, organisation) {
                append(GroupColumn.allCases.map { $0.text(of: group) }, to: &octets)
            }
        }
        return octets
    }

    static func users(of fleet: FleetSnapshot, _ organisation: String?) -> some Sequence<UserRecord> {
        fleet.keys(of: .user).lazy.compactMap { fleet.user($0) }
            .filter { organisation == nil || $0.organisation == organisation }
    }

    /// Without temporary groups: they end with what they were made for.
    static func groups(of fleet: FleetSnapshot, _ organisation: String?) -> some Sequence<GroupRecord> {
        fleet.keys(of: .group).lazy.compactMap { fleet.group($0) }
            .filter { $0.temporary == nil && (organisation == nil || $0.organisation == organisation) }
    }

    private static func append(_ cells: [String], to octets: inout [UInt8]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { octets.append(UInt8(ascii: ",")) }
            append(cell, to: &octets)
        }
        octets += [13, 10]
    }

    private static func append(_ cell: String, to octets: inout [UInt8]) {
        guard cell.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else {
            octets += cell.utf8
            return
        }
        octets.append(UInt8(ascii: "\""))
        for octet in cell.utf8 {
            if octet == UInt8(ascii: "\"") { octets.append(octet) }
            octets.append(octet)
        }
        octets.append(UInt8(ascii: "\""))
    }
}
