extension Headers {
    /// `Privacy: id` (RFC 3325 9.3), among whatever else is asked for.
    public var asksForIdentityPrivacy: Bool {
        values(.privacy).contains { value in
            value.split { $0 == ";" || $0 == "," || $0 == " " }.contains { Ascii.equalsIgnoringCase(String($0), "id") }
        }
    }
}

extension SIPMessage {
    /// The message as it leaves the trust domain: who asked not to be named is not (RFC 3325 5). The wish stays, so that
    /// whoever comes next knows it.
    public var withoutPrivateIdentity: SIPMessage {
        switch self {
        case .request(var request):
            guard request.headers.asksForIdentityPrivacy else { return self }
            request.headers.remove(.pAssertedIdentity)
            return .request(request)
        case .response(var response):
            guard response.headers.asksForIdentityPrivacy else { return self }
            response.headers.remove(.pAssertedIdentity)
            return .response(response)
        }
    }
}
