import Administration
import MCFoundation
import WebServices

/// `If-Match` and `If-None-Match` (RFC 9110 13.1): an administrator changes what he has seen, and nothing newer. A
/// condition that is none (`If-None-Match: x`) never holds: who wrote it did not mean to be without one.
struct Preconditions: Sendable {
    static let failed = Problem(.preconditionFailed, "the record is not what the request was made of")

    var ifMatch: ETagCondition?
    var ifNoneMatch: ETagCondition?

    init() {}

    init(_ request: WebRequest) throws(Problem) {
        ifMatch = try Self.condition(request, "if-match")
        ifNoneMatch = try Self.condition(request, "if-none-match")
    }

    /// Inside the writer's transaction. Who may not see the record is told nothing of it here: he is refused later.
    func check(_ record: FleetRecord?, by administrator: AdministratorRecord) throws {
        guard ifMatch != nil || ifNoneMatch != nil else { return }
        if let record, !FleetReading.mayRead(record, by: administrator) { return }
        guard FleetReading.mayRead(by: administrator) else { return }
        let tag = try record.map { try RecordBody.tag(of: try RecordBody.json(of: $0)) }
        if let ifMatch, !ifMatch.matches(tag) { throw Self.failed }
        if let ifNoneMatch, !ifNoneMatch.matchesNone(tag) { throw Self.failed }
    }

    private static func condition(_ request: WebRequest, _ name: String) throws(Problem) -> ETagCondition? {
        let values = request.headers.filter { $0.name == name }.map(\.value)
        guard !values.isEmpty else { return nil }
        let condition = ETagCondition(parsing: values.joined(separator: ","))
        guard condition != .malformed else {
            throw Problem(.preconditionFailed, field: name, "expected * or entity tags")
        }
        return condition
    }
}
