/// Where a client is, and the question for it (TS 24.379 F.3): report and request. A configuration is kept as markup.
public struct MCPTTLocationInfo: Hashable, Sendable {
    public var content: Content

    /// What the document is.
    public enum Content: Hashable, Sendable {
        case request(Request)
        case report(Report)
        /// `Configuration`, as markup that stands by itself.
        case configuration(String)
    }

    /// Server to client: tell where you are.
    public struct Request: Hashable, Sendable {
        public var id: String
        public var refresh: Bool?

        public init(id: String, refresh: Bool? = nil) {
            self.id = id
            self.refresh = refresh
        }
    }

    /// Client to server.
    public struct Report: Hashable, Sendable {
        public var isEmergency: Bool
        /// The request that is answered.
        public var id: String?
        /// What set it off.
        public var triggers: [String]
        public var coordinate: Coordinate?
        /// `CurrentServingEcgi`: MCC, MNC and 28 binary digits, as written.
        public var servingCell: String?

        public init(
            isEmergency: Bool, id: String? = nil, triggers: [String] = [], coordinate: Coordinate? = nil,
            servingCell: String? = nil
        ) {
            self.isEmergency = isEmergency
            self.id = id
            self.triggers = triggers
            self.coordinate = coordinate
            self.servingCell = servingCell
        }
    }

    /// A point as TS 23.032 6.1 codes it: two numbers of 24 bits.
    public struct Coordinate: Hashable, Sendable {
        public var longitude: UInt32
        public var latitude: UInt32

        public init(longitude: UInt32, latitude: UInt32) {
            self.longitude = longitude & 0xff_ffff
            self.latitude = latitude & 0xff_ffff
        }
    }

    public init(_ content: Content) {
        self.content = content
    }

    public init(parsing octets: [UInt8], limits: DocumentLimits = .init()) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            guard root.isNamed("location-info") else {
                throw DocumentError(.unexpected, line: root.line, "root is not location-info")
            }
            for child in root.children {
                if child.isNamed("Request") {
                    guard let id = child.attribute("RequestId") else {
                        throw DocumentError(.unexpected, line: child.line, "Request without RequestId")
                    }
                    let refresh = child.attribute("refresh")?.xmlBoolean
                    return MCPTTLocationInfo(.request(Request(id: id, refresh: refresh)))
                } else if child.isNamed("Report") {
                    return MCPTTLocationInfo(.report(try Self.report(child, limits)))
                } else if child.isNamed("Configuration") {
                    return MCPTTLocationInfo(.configuration(try child.markup()))
                }
            }
            throw DocumentError(.unexpected, line: root.line, "neither Request nor Report nor Configuration")
        }
    }

    private static func report(_ node: XMLNode, _ limits: DocumentLimits) throws(DocumentError) -> Report {
        var report = Report(isEmergency: node.attribute("ReportType") == "Emergency", id: node.attribute("ReportID"))
        for child in node.children where child.isNamed("TriggerId") {
            guard report.triggers.count < limits.entries else {
                throw DocumentError(.tooLarge, line: child.line, "more than \(limits.entries) triggers")
            }
            report.triggers.append(child.text)
        }
        guard let location = node.firstChild("CurrentLocation") else {
            throw DocumentError(.unexpected, line: node.line, "Report without CurrentLocation")
        }
        report.servingCell = location.firstChild("CurrentServingEcgi")?.firstChild("Ecgi")?.text
        if let point = location.firstChild("CurrentCoordinate"),
            let longitude = try Self.threeBytes(point.firstChild("longitude")),
            let latitude = try Self.threeBytes(point.firstChild("latitude"))
        {
            report.coordinate = Coordinate(longitude: longitude, latitude: latitude)
        }
        return report
    }

    /// nil where the value is encrypted or missing.
    private static func threeBytes(_ node: XMLNode?) throws(DocumentError) -> UInt32? {
        guard let value = node?.firstChild("threebytes") else { return nil }
        guard let number = UInt32(value.text), number <= 0xff_ffff else {
            throw DocumentError(.unexpected, line: value.line, "coordinate is not a number of 24 bits")
        }
        return number
    }

    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        writer.element("location-info", [("xmlns", XMLNamespace.locationInfo)]) { writer in
            switch content {
            case .request(let request):
                writer.element("Request", [("RequestId", request.id), ("refresh", request.refresh.map { "\($0)" })])
            case .report(let report): report.write(to: &writer)
            case .configuration(let markup): writer.raw(markup)
            }
        }
        return writer.octets
    }
}

extension MCPTTLocationInfo.Report {
    fileprivate func write(to writer: inout XMLWriter) {
        let type = isEmergency ? "Emergency" : "NonEmergency"
        writer.element("Report", [("ReportID", id), ("ReportType", type)]) { writer in
            for trigger in triggers { writer.element("TriggerId", text: trigger) }
            writer.element("CurrentLocation") { writer in
                if let servingCell {
                    writer.element("CurrentServingEcgi", [("type", "Normal")]) { $0.element("Ecgi", text: servingCell) }
                }
                guard let coordinate else { return }
                writer.element("CurrentCoordinate") { writer in
                    for (name, value) in [("longitude", coordinate.longitude), ("latitude", coordinate.latitude)] {
                        writer.element(name, [("type", "Normal")]) { $0.element("threebytes", text: String(value)) }
                    }
                }
            }
        }
    }
}
