import Administration
import WebServices

/// The interface described (OpenAPI 3.1), for tools that speak it and for tests of it. It is written from the schemas
/// that requests are checked against.
enum OpenAPIDescription {
    static let document: JSONValue = [
        "openapi": "3.1.0",
        "info": [
            "title": "EUCCS administration", "version": "1",
            "description": .string(
                "The fleet map of a national mission critical system: its organisations, users, devices, groups, "
                    + "functional aliases, profiles, policy and administrators. A session begins with POST "
                    + "/admin/v1/session; its token goes with every request. Refusals are problem details (RFC 9457)."),
            "license": ["name": "see the project"],
        ],
        "servers": [["url": "/"]],
        "security": [["session": []]],
        "paths": .object(paths.map { (AdministrationRoute.prefix + $0.0, $0.1) }),
        "components": [
            "securitySchemes": ["session": ["type": "http", "scheme": "bearer"]],
            "schemas": .object(schemas),
            "responses": .object(Problem.Code.described),
        ],
    ]

    // MARK: Schemas

    private static var schemas: [(String, JSONValue)] {
        var schemas: [(String, JSONValue)] = []
        for kind in FleetKind.allCases {
            let schema = RecordSchemas.schema(of: kind)
            schemas.append(
                (name(of: kind), schema.described(asAnswer: true, optional: RecordSchemas.optional(of: kind))))
            var request = schema.described(asAnswer: false)
            if kind == .user { request = request.with("dependentRequired", ["password": ["loginName"]]) }
            schemas.append((name(of: kind) + "Request", request))
        }
        return schemas + [
            ("Member", RecordSchemas.member.described(asAnswer: true)),
            ("MemberRequest", JSONSchema.object(RecordSchemas.memberFields).described(asAnswer: false)),
            ("Login", AdministrationService.loginSchema.described(asAnswer: false)),
            ("Session", session), ("Password", AdministrationService.passwordSchema.described(asAnswer: false)),
            ("Import", AdministrationService.importSchema.described(asAnswer: false).with("minProperties", 1)),
            ("ImportResult", importResult), ("AuditReport", auditReport), ("Problem", problem),
        ]
    }

    static func name(of kind: FleetKind) -> String {
        switch kind {
        case .organisation: "Organisation"
        case .profile: "Profile"
        case .user: "User"
        case .device: "Device"
        case .group: "Group"
        case .functionalAlias: "FunctionalAlias"
        case .policy: "Policy"
        case .administrator: "Administrator"
        }
    }

    static func object(_ properties: [(String, JSONValue)], optional: [String] = []) -> JSONValue {
        [
            "type": "object", "additionalProperties": false,
            "required": .strings(properties.map(\.0).filter { !optional.contains($0) }),
            "properties": .object(properties),
        ]
    }

    private static let count: JSONValue = ["type": "integer", "minimum": 0]
    private static let text: JSONValue = ["type": "string"]

    private static let session = object([
        ("token", ["type": "string", "pattern": "^[A-Za-z0-9_-]{43}$", "description": "Of the bearer; secret."]),
        ("expires_in", ["type": "integer", "minimum": 1, "description": "Seconds until it ends anyway."]),
        ("idle_timeout", ["type": "integer", "minimum": 1, "description": "Seconds until it ends unused."]),
    ])

    private static let importResult = object([
        ("dry_run", ["type": "boolean"]), ("created", count), ("changed", count), ("unchanged", count),
    ])

    private static let auditReport = object([
        ("isSound", ["type": "boolean"]), ("records", count), ("head", text),
        ("findings", ["type": "array", "items": text]), ("findingsNotKept", count),
    ])

    private static let problem = object(
        [
            ("type", text), ("title", text), ("status", ["type": "integer", "minimum": 400, "maximum": 599]),
            ("code", ["type": "string", "enum": .strings(Problem.Code.allCases.map(\.rawValue))]), ("detail", text),
            ("field", text), ("errorCount", count),
            (
                "errors",
                [
                    "type": "array", "maxItems": .integer(Int64(Problem.mistakesTold)),
                    "items": object([("table", text), ("line", count), ("column", text), ("detail", text)]),
                ]
            ),
        ], optional: ["field", "errorCount", "errors"])
}

extension AdministrationService {
    static let described = WebResponse.json(OpenAPIDescription.document)
}

extension Problem.Code {
    /// Names of the described refusals, by status.
    static let names: [(status: Int, name: String)] = [
        (400, "Invalid"), (401, "Unauthenticated"), (403, "NotAllowed"), (404, "NotFound"), (409, "Conflict"),
        (412, "PreconditionFailed"), (413, "TooLarge"), (415, "UnsupportedMediaType"), (422, "InvalidTable"),
        (429, "TooManyAttempts"), (503, "Unavailable"),
    ]

    static var described: [(String, JSONValue)] {
        names.map { status, name in
            let codes = allCases.filter { $0.status == status }.map(\.rawValue).joined(separator: ", ")
            return (
                name,
                [
                    "description": .string("Codes: \(codes)."),
                    "content": [
                        "application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]
                    ],
                ]
            )
        }
    }
}
