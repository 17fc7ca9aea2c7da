import CallControl
import MCFoundation
import Policy
import SIP

/// Which header fields cross the border: a list of what does, so that a field nobody thought of stays inside. What
/// belongs to a hop or a dialog is made anew by the user agent; identities are mapped one by one.
enum BorderHeaders {
    static let request: [HeaderName] = [
        .acceptContact, .rejectContact, .pAssertedService, .resourcePriority, .answerMode, .privAnswerMode, .event,
        .expires, .sipIfMatch, .accept, .infoPackage, .recvInfo, .referSub, .requestDisposition, .priority,
        .allowEvents, .privacy,
    ]
    static let response: [HeaderName] = [
        .pAnswerState, .retryAfter, .minExpires, .expires, .sipETag, .pAssertedService, .allowEvents, .accept,
        .recvInfo, .referSub,
    ]
    /// Requests inside a session; Reason is what BYE and CANCEL explain themselves with.
    static let inSession: [HeaderName] = request + [.reason]
    /// What describes a body that is carried unchanged.
    static let body: [HeaderName] = [.contentType, .contentDisposition, .contentID, .contentEncoding]

    /// Warnings keep number and text, but the agent that wrote them is one of our hosts.
    static func warnings(of headers: Headers, agent: String) -> [String] {
        headers.values(.warning).compactMap { value in
            guard let first = value.firstIndex(of: " ") else { return nil }
            let rest = value[value.index(after: first)...]
            guard let second = rest.firstIndex(of: " ") else { return nil }
            return "\(value[..<first]) \(agent) \(rest[rest.index(after: second)...])"
        }
    }

    /// The feature tags of a Contact: what the other end may do. Everything else in it is about a place.
    static func features(of contact: NameAddress?) -> Parameters {
        Parameters(
            (contact?.parameters.items ?? []).filter { item in
                let name = item.name.lowercased()
                return name.hasPrefix("+g.3gpp.") || name == "isfocus"
            })
    }
}

extension HeaderName {
    static let priority = HeaderName("Priority")
}
