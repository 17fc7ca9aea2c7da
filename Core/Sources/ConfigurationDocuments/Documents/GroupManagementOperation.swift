internal import MCDocuments

/// A request on a group that is none on its document: the body of a POST (TS 24.481 6.3.16).
///
/// OPEN: the elements by which TS 24.481 asks for a group regroup and its end are not at hand, so such an operation is
/// unknown here. NOTSPEC: instead whoever may regroup puts the document of a temporary group, with its
/// `<on-network-temporary>`, and deletes it.
public enum GroupManagementOperation: Hashable, Sendable {
    case getExcludingMemberList
    /// Well-formed, and nothing that this system does.
    case unknown

    public static let contentType = "application/vnd.3gpp.GMOP+xml"

    /// nil where the body is no such document.
    public init?(parsing octets: [UInt8]) {
        let read = try? XMLTree.read(octets, limits: DocumentLimits()) { root throws(DocumentError) in
            try root.expectRoot("document", ConfigurationNamespace.groupManagement)
            guard let request = root.firstChild("request") else {
                throw DocumentError(.unexpected, line: root.line, "no request")
            }
            return request.firstChild("get-excluding-memberlist") == nil
                ? Self.unknown : Self.getExcludingMemberList
        }
        guard let read else { return nil }
        self = read
    }
}
