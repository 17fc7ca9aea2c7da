import Administration
import ConfigurationDocuments
import MCDocuments
import MCFoundation
import WebServices

extension XCAPRequest {
    init(_ request: WebRequest, _ method: XCAPMethod, _ uri: XCAPURI) {
        self.init(
            method: method, uri: uri, contentType: request.header("content-type"),
            body: method == .put ? request.body : [], ifMatch: request.condition("if-match"),
            ifNoneMatch: request.condition("if-none-match"))
    }
}

extension WebRequest {
    /// A list may stand in several fields (RFC 9110 5.3).
    fileprivate func condition(_ name: String) -> ETagCondition? {
        let values = headers.filter { $0.name == name }.map(\.value)
        return values.isEmpty ? nil : ETagCondition(parsing: values.joined(separator: ","))
    }

    /// Without parameters, in lower case.
    var mediaType: String? {
        header("content-type").map { value in
            value.prefix { $0 != ";" && $0 != " " && $0 != "\t" }.lowercased()
        }
    }
}

extension WebResponse {
    init(_ response: XCAPResponse) {
        self.init(status: response.status, body: response.body)
        if let type = response.contentType { headers.append(WebHeader("content-type", type)) }
        if let etag = response.etag {
            headers.append(WebHeader("etag", etag))
            // The client may keep it, and asks by its tag whether it still holds; nobody between may.
            headers.append(WebHeader("cache-control", "private, no-cache"))
        }
        if !response.allowed.isEmpty {
            headers.append(WebHeader("allow", response.allowed.map(\.name).joined(separator: ", ")))
        }
    }
}

extension XCAPMethod {
    fileprivate var name: String {
        switch self {
        case .get: "GET"
        case .put: "PUT"
        case .delete: "DELETE"
        }
    }
}
