public import SIP

extension Observation {
    /// `call`: what records of every function and country call one and the same call by; nothing where it is not known.
    public static func call(_ reference: String?) -> [Field] { reference.map { [Field("call", $0)] } ?? [] }

    /// The call that a request within it or about it means: by whom it addresses, else by who sends it.
    public static func call(meantBy request: SIPRequest) -> [Field] {
        call(
            SessionIdentity.reference(of: request.uri)
                ?? request.headers.contacts.first.flatMap { SessionIdentity.reference(of: $0.uri) })
    }
}
