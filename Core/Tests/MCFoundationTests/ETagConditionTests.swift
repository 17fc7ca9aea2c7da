import MCFoundation
import Testing

/// RFC 9110 13.1 and 5.6.1.2.
@Suite struct ETagConditionTests {
    @Test(arguments: [
        ("*", ETagCondition.any), (" * ", .any), ("\"a\"", .tags(["\"a\""])),
        ("\"a\", W/\"b\"", .tags(["\"a\"", "W/\"b\""])), (", \"a\" ,\t, \"b\",", .tags(["\"a\"", "\"b\""])),
        ("\"x,y\"", .tags(["\"x,y\""])), ("\"\"", .tags(["\"\""])), ("", .malformed), (" , ", .malformed),
        ("a", .malformed), ("\"a", .malformed), ("\"a\" \"b\"", .malformed), ("*, \"a\"", .malformed),
        ("w/\"a\"", .malformed),
    ])
    func aListIsRead(field: String, condition: ETagCondition) {
        #expect(ETagCondition(parsing: field) == condition)
    }

    @Test func tooManyTagsAreNoCondition() {
        let tags = Array(repeating: "\"a\"", count: ETagCondition.maximumTags)
        #expect(ETagCondition(parsing: tags.joined(separator: ",")) == .tags(tags))
        #expect(ETagCondition(parsing: (tags + ["\"a\""]).joined(separator: ",")) == .malformed)
    }

    @Test func weakTagsCountForNoneMatchOnly() {
        let weak = ETagCondition(parsing: "W/\"a\"")
        #expect(!weak.matches("\"a\"") && !weak.matchesNone("\"a\"") && weak.matchesNone("\"b\""))
        #expect(
            ETagCondition.any.matches("\"a\"") && !ETagCondition.any.matches(nil) && ETagCondition.any.matchesNone(nil))
        #expect(!ETagCondition.malformed.matches("\"a\"") && !ETagCondition.malformed.matchesNone(nil))
    }
}
