import Administration

/// Paths and operations.
extension OpenAPIDescription {
    static var paths: [(String, JSONValue)] {
        var paths: [(String, JSONValue)] = [("session", session), ("openapi.json", ["get": description])]
        for (name, kind) in AdministrationRoute.kinds {
            paths.append((name, ["get": list(kind, name)]))
            paths.append(("\(name)/{id}", record(kind, name)))
        }
        return paths + [
            ("users/{id}/suspend", ["parameters": [id(.user)], "post": suspension("suspendUser")]),
            ("users/{id}/resume", ["parameters": [id(.user)], "post": suspension("resumeUser")]),
            (
                "users/{id}/log-off",
                ["parameters": [id(.user)], "post": order("logOffUser", "End all log-ins of the user", "They ended")]
            ),
            (
                "users/{id}/forgive",
                [
                    "parameters": [id(.user)],
                    "post": order("forgiveUser", "Let a user try again whom failed log-ins locked out", "He may"),
                ]
            ),
            ("keys/{id}/withdraw", withdrawal),
            ("groups/{id}/members/{user}", member), ("administrators/{id}/password", password),
            ("policy", policy), ("import", ["post": importing]), ("export/users", ["get": export(.users)]),
            ("export/groups", ["get": export(.groups)]), ("export/\(AdministrationRoute.fleet)", ["get": exportFleet]),
            ("audit/verify", ["get": verification]),
        ]
    }

    // MARK: Parts

    private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

    private static func content(_ schema: JSONValue) -> JSONValue { ["application/json": ["schema": schema]] }

    /// - Parameter type: another content type in which it may be said.
    private static func body(_ name: String, or type: String? = nil) -> JSONValue {
        let json = content(reference(name))
        return [
            "required": true, "content": type.map { json.with($0, ["schema": ["type": "string"]]) } ?? json,
        ]
    }

    private static func answer(
        _ text: String, _ schema: JSONValue? = nil, headers: [String] = []
    ) -> JSONValue {
        var answer: JSONValue = ["description": .string(text)]
        if let schema { answer = answer.with("content", content(schema)) }
        guard !headers.isEmpty else { return answer }
        return answer.with(
            "headers",
            .object(headers.map { ($0, ["required": true, "schema": ["type": "string"]]) }))
    }

    /// An operation with what it answers and the refusals that it knows besides.
    private static func operation(
        _ id: String, _ summary: String, parameters: [JSONValue] = [], body: JSONValue? = nil,
        answers: [(Int, JSONValue)], refusals: [Int]
    ) -> JSONValue {
        var operation: JSONValue = ["operationId": .string(id), "summary": .string(summary)]
        if !parameters.isEmpty { operation = operation.with("parameters", .array(parameters)) }
        if let body { operation = operation.with("requestBody", body) }
        // Hostile targets, a store that does not answer: those every operation has.
        let statuses = ([400, 401, 503] + refusals).sorted()
        let refused = Problem.Code.names.filter { statuses.contains($0.status) }.map { status, name in
            (String(status), ["$ref": .string("#/components/responses/\(name)")] as JSONValue)
        }
        return operation.with("responses", .object(answers.map { (String($0.0), $0.1) } + refused))
    }

    private static func parameter(
        _ name: String, in place: String, _ schema: JSONValue, _ text: String
    ) -> JSONValue {
        [
            "name": .string(name), "in": .string(place), "required": .boolean(place == "path"), "schema": schema,
            "description": .string(text),
        ]
    }

    private static func id(_ kind: FleetKind) -> JSONValue {
        parameter(
            "id", in: "path", RecordSchemas.key(of: kind).described(asAnswer: false), "Its key, percent-encoded.")
    }

    private static let tags: JSONValue = [
        "type": "string", "examples": ["*"], "maxLength": 512,
        "pattern": "^(\\*|(W/)?\"[!#-+.-~-]*\"( *, *(W/)?\"[!#-+.-~-]*\")*)$",
    ]
    private static let ifMatch = parameter(
        "If-Match", in: "header", tags, "The entity tag of the record as it was seen; * for any.")
    private static let ifNoneMatch = parameter(
        "If-None-Match", in: "header", tags, "* in a PUT: only where there is no such record yet.")

    private static let dryRun = parameter(
        "dry_run", in: "query", ["type": "boolean"], "Say what would change; change nothing.")

    private static let line: JSONValue = [
        "type": "string", "maxLength": .integer(Int64(FleetLimits.identity)),
        "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
    ]
    private static let organisation = parameter(
        "organisation", in: "query", line, "Only records of this organisation.")

    // MARK: Operations

    private static var session: JSONValue {
        let open = operation(
            "logIn", "Begin a session", body: body("Login"),
            answers: [(200, answer("It has begun", reference("Session")))],
            refusals: [413, 415, 429]
        ).with("security", [])
        let close = operation(
            "logOut", "End the session", answers: [(204, answer("It has ended"))], refusals: [])
        return ["post": open, "delete": close]
    }

    private static var description: JSONValue {
        operation(
            "describe", "This description", answers: [(200, answer("It", ["type": "object"]))], refusals: []
        ).with("security", [])
    }

    private static func list(_ kind: FleetKind, _ name: String) -> JSONValue {
        let page = object(
            [
                ("items", ["type": "array", "items": reference(self.name(of: kind))]),
                ("next", ["type": "string", "description": "Goes into `after` for the next page."]),
            ], optional: ["next"])
        return operation(
            "list\(self.name(of: kind))", "A page of \(name), in the order of their keys",
            parameters: [
                parameter(
                    "limit", in: "query", ["type": "integer", "minimum": 1, "maximum": 1_000], "Records of a page."),
                parameter("after", in: "query", line, "Begin behind this key."), organisation,
            ], answers: [(200, answer("The page", page))], refusals: [403])
    }

    private static func record(_ kind: FleetKind, _ name: String) -> JSONValue {
        let name = self.name(of: kind)
        return [
            "parameters": [id(kind)], "get": get(name), "put": put(name, isNew: true),
            "delete": operation(
                "delete\(name)", "Delete it", parameters: [ifMatch], answers: [(204, answer("It is gone"))],
                refusals: [403, 404, 409, 412]),
        ]
    }

    private static var policy: JSONValue { ["get": get("Policy"), "put": put("Policy", isNew: false)] }

    private static func get(_ name: String) -> JSONValue {
        operation(
            "get\(name)", "Read it", parameters: [ifMatch, ifNoneMatch],
            answers: [
                (200, answer("The record", reference(name), headers: ["ETag"])),
                (304, answer("It is as it was", headers: ["ETag"])),
            ], refusals: [403, 404, 412])
    }

    private static func put(_ name: String, isNew: Bool) -> JSONValue {
        var answers = [(200, answer("It is replaced", reference(name), headers: ["ETag"]))]
        if isNew { answers.append((201, answer("It is made", reference(name), headers: ["ETag", "Location"]))) }
        return operation(
            "put\(name)", "Make it, or replace it whole", parameters: [ifMatch, ifNoneMatch, dryRun],
            body: body(name + "Request"), answers: answers, refusals: [403, 404, 409, 412, 413, 415])
    }

    private static func suspension(_ name: String) -> JSONValue {
        operation(
            name, "Suspend or resume the user",
            answers: [(200, answer("The user", reference("User"), headers: ["ETag"]))],
            refusals: [403, 404])
    }

    private static func order(_ name: String, _ summary: String, _ done: String) -> JSONValue {
        operation(name, summary, answers: [(204, answer(done))], refusals: [403, 404])
    }

    private static var withdrawal: JSONValue {
        let key = parameter(
            "id", in: "path", ["type": "string", "pattern": "^[A-Za-z0-9_-]{1,256}$"],
            "`kid` of the key, as the key set of log-in publishes it.")
        return [
            "parameters": [key],
            "post": order(
                "withdrawKey", "End a key that signs tokens, and all tokens that it signed", "Nobody believes it"),
        ]
    }

    private static var member: JSONValue {
        let user = parameter(
            "user", in: "path", RecordSchemas.identity.described(asAnswer: false), "MCPTT ID, percent-encoded.")
        return [
            "parameters": [id(.group), user],
            "put": operation(
                "putMember", "Put the user into the group, or change his entry", body: body("MemberRequest"),
                answers: [
                    (200, answer("His entry is changed", reference("Member"))),
                    (201, answer("He is in", reference("Member"))),
                ], refusals: [403, 404, 409, 413, 415]),
            "delete": operation(
                "removeMember", "Take the user out of the group", answers: [(204, answer("He is out"))],
                refusals: [403, 404]),
        ]
    }

    private static var password: JSONValue {
        [
            "parameters": [id(.administrator)],
            "put": operation(
                "setAdministratorPassword", "Set a password; his sessions end", body: body("Password"),
                answers: [(204, answer("It holds"))], refusals: [403, 404, 409, 413, 415]),
        ]
    }

    private static var importing: JSONValue {
        operation(
            "importTables", "Take in users and groups, all or nothing",
            parameters: [dryRun], body: body("Import", or: AdministrationService.yaml),
            answers: [(200, answer("What changed", reference("ImportResult")))],
            refusals: [403, 413, 415, 422])
    }

    private static func export(_ table: FleetTable.Kind) -> JSONValue {
        let csv: JSONValue = [
            "description": "Comma separated values (RFC 4180), without secrets",
            "content": ["text/csv": ["schema": ["type": "string"]]],
        ]
        let name = table == .users ? "exportUsers" : "exportGroups"
        return operation(
            name, "The \(table.rawValue) as a table", parameters: [organisation], answers: [(200, csv)],
            refusals: [403])
    }

    private static var exportFleet: JSONValue {
        // YAML is described by what it says, not by its text.
        let rows: JSONValue = ["type": "array", "items": ["type": "object"]]
        let content: [(String, JSONValue)] = [
            (
                AdministrationService.yaml,
                [
                    "schema": [
                        "type": "object", "additionalProperties": false, "required": .strings(["users", "groups"]),
                        "properties": .object([("users", rows), ("groups", rows)]),
                    ]
                ]
            )
        ]
        let yaml: JSONValue = [
            "description": "The tables as a YAML mapping, without secrets", "content": .object(content),
        ]
        return operation(
            "exportFleet", "Users and groups together", parameters: [organisation], answers: [(200, yaml)],
            refusals: [403])
    }

    private static var verification: JSONValue {
        operation(
            "verifyAudit", "Find any change, removal or reordering of the audit log",
            answers: [(200, answer("What was found", reference("AuditReport")))], refusals: [403])
    }
}
