extension ProviderConfiguration {
    /// nil where something is missing or wrong, which is told.
    init?(_ fields: Fields, in folder: String) {
        let issuer = fields.required("issuer")?.webIdentifier()
        let authorization = fields.required("authorization_endpoint")?.webResource()
        let token = fields.required("token_endpoint")?.webResource()
        let keys = fields.required("jwks_uri")?.webResource()
        let client = fields.required("client_id")?.text()
        let secret = fields.optional("client_secret_file").map { $0.file(in: folder) }
        let authority = fields.optional("authority").map { $0.file(in: folder) }
        let scope = fields.optional("scope").map { $0.openIDScope() }
        let claim = fields.optional("claim").map { $0.text("the name of a claim") }
        let algorithms = fields.optional("algorithms").map { value in
            let entries = value.list()
            if entries?.isEmpty == true { value.expected("at least one algorithm") }
            return entries?.compactMap { $0.choice(ProviderAlgorithm.self) }
        }
        fields.end()
        guard let issuer, let authorization, let token, let keys, let client else { return nil }
        self.init(
            issuer: issuer, authorizationEndpoint: authorization, tokenEndpoint: token, keysEndpoint: keys,
            clientID: client, clientSecretFile: secret ?? nil, authority: authority ?? nil)
        if let scope = scope ?? nil { self.scope = scope }
        if let claim = claim ?? nil { self.claim = claim }
        if let algorithms = algorithms ?? nil { self.algorithms = algorithms }
    }
}
