internal import CYaml

/// What a YAML text consists of, event by event (YAML 1.2, 3.1), so that nothing is built of what a reader turns away:
/// neither a tree nor what an alias stands for.
final class YAMLEvents {
    /// Where the text stops being YAML.
    struct Mistake: Error, Hashable {
        /// From 1.
        var line: Int
        var text: String
    }

    struct Event {
        var kind: Kind
        /// From 1.
        var line: Int
        /// Has an anchor or a tag.
        var isMarked = false
    }

    enum Kind {
        /// - isPlain: without quotes.
        case scalar(String, isPlain: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
        case alias
        case documentStart, documentEnd, streamStart, streamEnd
    }

    private var parser = yaml_parser_t()
    private let octets: UnsafeMutableBufferPointer<UInt8>

    init(_ text: [UInt8]) {
        octets = .allocate(capacity: max(1, text.count))
        _ = octets.initialize(from: text)
        yaml_parser_initialize(&parser)
        // Whatever mark it begins with, it is no UTF-16.
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(&parser, octets.baseAddress, text.count)
    }

    deinit {
        yaml_parser_delete(&parser)
        octets.deallocate()
    }

    func next() throws(Mistake) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(&parser, &event) == 1 else {
            let problem = parser.problem.map { String(cString: $0) } ?? "no YAML"
            throw Mistake(line: Int(parser.problem_mark.line) + 1, text: problem)
        }
        defer { yaml_event_delete(&event) }
        let line = Int(event.start_mark.line) + 1
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let value = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return Event(
                kind: .scalar(value, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), line: line,
                isMarked: scalar.anchor != nil || scalar.tag != nil)
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return Event(kind: .sequenceStart, line: line, isMarked: start.anchor != nil || start.tag != nil)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return Event(kind: .mappingStart, line: line, isMarked: start.anchor != nil || start.tag != nil)
        case YAML_SEQUENCE_END_EVENT: return Event(kind: .sequenceEnd, line: line)
        case YAML_MAPPING_END_EVENT: return Event(kind: .mappingEnd, line: line)
        case YAML_ALIAS_EVENT: return Event(kind: .alias, line: line)
        case YAML_DOCUMENT_START_EVENT: return Event(kind: .documentStart, line: line)
        case YAML_DOCUMENT_END_EVENT: return Event(kind: .documentEnd, line: line)
        case YAML_STREAM_START_EVENT: return Event(kind: .streamStart, line: line)
        default: return Event(kind: .streamEnd, line: line)
        }
    }
}
