import Administration
import Testing

@Suite struct RecordTests {
    @Test func recordsOfTheSameKindAndKeyWithOtherBodiesDiffer() {
        #expect(StoredRecord(kind: "user", key: "a", body: [1]) != StoredRecord(kind: "user", key: "a", body: [2]))
    }
}
