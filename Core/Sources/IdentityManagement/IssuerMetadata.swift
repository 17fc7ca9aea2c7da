/// What the issuer says of itself (OpenID Connect Discovery 3, RFC 8414 2).
public enum IssuerMetadata {
    /// Below the issuer, RFC 8414 3 and OpenID Connect Discovery 4.
    public static let paths = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]

    /// The discovery document as JSON, its members always in the same order.
    ///
    /// - Parameter algorithms: JWS algorithms of the keys in use. NOTSPEC: OpenID Connect Discovery 3 wants RS256 among
    ///   them; we say what we sign with.
    public static func discoveryDocument(
        issuer: String, endpoints: IdentityEndpoints = .init(), algorithms: [String] = ["ES256"]
    ) -> [UInt8] {
        OrderedJSON.object([
            ("issuer", .string(issuer)),
            ("authorization_endpoint", .string(issuer + endpoints.authorization)),
            ("token_endpoint", .string(issuer + endpoints.token)),
            ("jwks_uri", .string(issuer + endpoints.keys)),
            ("revocation_endpoint", .string(issuer + endpoints.revocation)),
            ("scopes_supported", .strings(IdentityScope.allCases.map(\.rawValue))),
            ("response_types_supported", .strings(["code"])),
            ("response_modes_supported", .strings(["query"])),
            ("grant_types_supported", .strings(["authorization_code", "refresh_token"])),
            ("acr_values_supported", .strings([AuthenticationContext.password.rawValue])),
            ("subject_types_supported", .strings(["public"])),
            ("id_token_signing_alg_values_supported", .strings(algorithms)),
            ("token_endpoint_auth_methods_supported", .strings(["none"])),
            ("revocation_endpoint_auth_methods_supported", .strings(["none"])),
            (
                "claims_supported",
                .strings([
                    "iss", "sub", "aud", "exp", "iat", "nonce", "acr", "amr", "mcptt_id", "mcvideo_id", "mcdata_id",
                ])
            ),
            ("code_challenge_methods_supported", .strings(["S256"])),
            ("request_parameter_supported", .boolean(false)),
            ("request_uri_parameter_supported", .boolean(false)),
            ("authorization_response_iss_parameter_supported", .boolean(true)),
        ]).octets
    }
}
