public import Administration
internal import OrderedCollections

extension FleetTable {
    /// Reads tables from YAML: a mapping from `users` and `groups` to lists of mappings from columns to texts, or, for
    /// what is several words, to lists of words. What is not there stays as it is; a key with nothing after it stands
    /// for the column's default, as an empty cell does. Anchors, aliases and tags are refused: nothing is read twice.
    ///
    /// - Throws: Every mistake of form up to the first after which nothing is sure; no more than that of form is looked
    ///   at.
    public static func tables(
        yaml octets: [UInt8], limits: FleetFileLimits = FleetFileLimits()
    ) throws(ImportErrors) -> [FleetTable] {
        guard octets.count <= limits.octets else {
            throw ImportErrors([ImportError(nil, line: 1, "expected at most \(limits.octets) octets")])
        }
        var reader = YAMLTableReader(events: YAMLEvents(octets), limits: limits)
        do throws(YAMLTableReader.End) {
            try reader.read()
        } catch {
            reader.tell(error)
        }
        guard reader.errors.isEmpty else { throw ImportErrors(reader.errors) }
        return reader.tables
    }
}

/// Walks through the events of a file, one level of it a function.
private struct YAMLTableReader {
    /// Why nothing after is sure.
    enum End: Error {
        case mistake(YAMLEvents.Mistake)
        case tooDeep(line: Int)
        /// As many mistakes as are looked for.
        case enough(line: Int)
    }

    let events: YAMLEvents
    let limits: FleetFileLimits
    var tables: [FleetTable] = []
    private(set) var errors: [ImportError] = []
    private var kind: FleetTable.Kind?
    private var depth = 0

    init(events: YAMLEvents, limits: FleetFileLimits) {
        self.events = events
        self.limits = limits
    }

    mutating func tell(_ end: End) {
        let error: ImportError =
            switch end {
            case .mistake(let mistake): ImportError(kind, line: mistake.line, "expected YAML: \(mistake.text)")
            case .tooDeep(let line):
                ImportError(kind, line: line, "expected lists and mappings at most \(limits.depth) deep")
            case .enough(let line): ImportError(kind, line: line, "further mistakes were not looked for")
            }
        errors.append(error)
    }

    private mutating func fail(_ line: Int, _ column: String = "", _ text: String) throws(End) {
        errors.append(ImportError(kind, line: line, column: column, text))
        if errors.count >= limits.mistakes { throw .enough(line: line) }
    }

    private mutating func next() throws(End) -> YAMLEvents.Event {
        let event: YAMLEvents.Event
        do throws(YAMLEvents.Mistake) { event = try events.next() } catch { throw .mistake(error) }
        switch event.kind {
        case .mappingStart, .sequenceStart:
            depth += 1
            if depth > limits.depth { throw .tooDeep(line: event.line) }
        case .mappingEnd, .sequenceEnd: depth -= 1
        case .alias: try fail(event.line, "", "there are no aliases in tables: write it out")
        case .scalar, .documentStart, .documentEnd, .streamStart, .streamEnd: break
        }
        if event.isMarked { try fail(event.line, "", "there are no anchors and no tags in tables") }
        return event
    }

    /// Reads over what is left of a value.
    private mutating func pass(_ event: YAMLEvents.Event) throws(End) {
        switch event.kind {
        case .mappingStart, .sequenceStart:
            let outside = depth - 1
            while depth > outside { _ = try next() }
        case .scalar, .alias, .mappingEnd, .sequenceEnd, .documentStart, .documentEnd, .streamStart, .streamEnd: break
        }
    }

    // MARK: Levels

    mutating func read() throws(End) {
        _ = try next()
        let document = try next()
        guard case .documentStart = document.kind else {
            return try fail(document.line, "", "expected \(Self.names), found an empty file")
        }
        let root = try next()
        guard case .mappingStart = root.kind else {
            try fail(root.line, "", "expected a mapping with \(Self.names)")
            return try pass(root)
        }
        while let key = try nextKey() { try readTable(key) }
        _ = try next()
        let end = try next()
        if case .streamEnd = end.kind {} else { try fail(end.line, "", "expected one document in the file") }
    }

    private static let names = FleetTable.Kind.allCases.map(\.rawValue).joined(separator: ", ")

    /// nil at the end of the mapping. A key that is no text is told and passed over with its value.
    private mutating func nextKey() throws(End) -> (name: String, line: Int)? {
        while true {
            let event = try next()
            switch event.kind {
            case .mappingEnd: return nil
            case .scalar(let name, _): return (name, event.line)
            case .sequenceStart, .mappingStart, .alias, .sequenceEnd, .documentStart, .documentEnd, .streamStart,
                .streamEnd:
                try fail(event.line, "", "expected a key")
                try pass(event)
                try pass(try next())
            }
        }
    }

    private mutating func readTable(_ key: (name: String, line: Int)) throws(End) {
        let value = try next()
        guard let kind = FleetTable.Kind(rawValue: key.name) else {
            try fail(key.line, "", "there is no table \(key.name.prefix(80)); expected \(Self.names)")
            return try pass(value)
        }
        self.kind = kind
        if tables.contains(where: { $0.kind == kind }) { try fail(key.line, "", "the table is there twice") }
        var rows: [FleetRow] = []
        switch value.kind {
        case .sequenceStart:
            while true {
                let item = try next()
                if case .sequenceEnd = item.kind { break }
                guard rows.count < FleetLimits.tableRows else {
                    try fail(item.line, "", "expected at most \(FleetLimits.tableRows) rows")
                    throw .enough(line: item.line)
                }
                guard case .mappingStart = item.kind else {
                    try fail(item.line, "", "expected a mapping from columns to values")
                    try pass(item)
                    continue
                }
                rows.append(FleetRow(line: item.line, cells: try readCells()))
            }
        case .scalar(let text, true) where Self.isNothing(text): break
        case .scalar, .mappingStart, .alias, .mappingEnd, .sequenceEnd, .documentStart, .documentEnd, .streamStart,
            .streamEnd:
            try fail(value.line, "", "expected a list of \(key.name)")
            try pass(value)
        }
        tables.append(FleetTable(kind, rows: rows))
        // Not where it ends before: then the mistake is of this table.
        self.kind = nil
    }

    private mutating func readCells() throws(End) -> OrderedDictionary<String, FleetCell> {
        var cells: OrderedDictionary<String, FleetCell> = [:]
        while let key = try nextKey() {
            let value = try next()
            if cells[key.name] != nil {
                try fail(key.line, String(key.name.prefix(80)), "the key is there twice")
                try pass(value)
                continue
            }
            guard cells.count < FleetLimits.tableColumns else {
                try fail(key.line, "", "expected at most \(FleetLimits.tableColumns) columns")
                try pass(value)
                continue
            }
            if let cell = try readCell(value, key.name) { cells[key.name] = cell }
        }
        return cells
    }

    /// nil where it is told that it is none.
    private mutating func readCell(_ value: YAMLEvents.Event, _ column: String) throws(End) -> FleetCell? {
        let cell: FleetCell
        switch (value.kind, kind?.form(of: column)) {
        case (.scalar(let text, let isPlain), _):
            cell = FleetCell(isPlain && Self.isNothing(text) ? "" : text, line: value.line)
        case (.sequenceStart, .list(let empty)):
            cell = try readWords(value.line, column, empty: empty)
        case (.sequenceStart, _), (.mappingStart, _):
            try fail(value.line, column, "expected one value")
            try pass(value)
            return nil
        // An alias is told already; the others end nothing here.
        case (.alias, _), (.mappingEnd, _), (.sequenceEnd, _), (.documentStart, _), (.documentEnd, _),
            (.streamStart, _), (.streamEnd, _):
            return nil
        }
        guard cell.value.utf8.count <= FleetLimits.cellOctets else {
            try fail(value.line, column, "expected at most \(FleetLimits.cellOctets) octets in a value")
            return nil
        }
        return cell
    }

    /// The words of a list as a cell with as many line ends between them as there are in the file, so that each keeps
    /// its line.
    private mutating func readWords(_ line: Int, _ column: String, empty: String) throws(End) -> FleetCell {
        var text = ""
        var first: Int?
        var last = line
        while true {
            let item = try next()
            switch item.kind {
            case .sequenceEnd: return FleetCell(first == nil ? empty : text, line: first ?? line)
            case .scalar(let word, _):
                guard !word.isEmpty, word.utf8.allSatisfy({ $0 > 32 }) else {
                    try fail(item.line, column, "expected one word")
                    continue
                }
                if first == nil {
                    first = item.line
                } else {
                    text += item.line > last ? String(repeating: "\n", count: item.line - last) : " "
                }
                last = item.line
                if text.utf8.count <= FleetLimits.cellOctets { text += word }
            case .mappingStart, .sequenceStart, .alias, .mappingEnd, .documentStart, .documentEnd, .streamStart,
                .streamEnd:
                try fail(item.line, column, "expected a word")
                try pass(item)
            }
        }
    }

    /// YAML 1.2 10.3.2, and the words of no truth it had before stay text.
    private static func isNothing(_ text: String) -> Bool { ["", "~", "null", "Null", "NULL"].contains(text) }
}
