import Foundation

/// What a browser would send from the log-in page.
struct LoginFormReading {
    var action: String
    var transaction: String

    init?(_ page: [UInt8]) {
        guard let text = String(validating: page, as: UTF8.self),
            let action = Self.attribute(after: "<form method=\"post\" action=\"", in: text),
            let transaction = Self.attribute(after: "name=\"login\" value=\"", in: text)
        else { return nil }
        self.action = action
        self.transaction = transaction
    }

    private static func attribute(after mark: String, in text: String) -> String? {
        guard let start = text.range(of: mark)?.upperBound, let end = text[start...].firstIndex(of: "\"") else {
            return nil
        }
        return String(text[start..<end]).replacingOccurrences(of: "&quot;", with: "\"")
            .replacingOccurrences(of: "&lt;", with: "<").replacingOccurrences(of: "&gt;", with: ">")
            .replacingOccurrences(of: "&#39;", with: "'").replacingOccurrences(of: "&amp;", with: "&")
    }
}
