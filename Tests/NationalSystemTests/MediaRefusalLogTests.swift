import MCFoundation
import MediaDistribution
import MediaDriver
import NationalSystem
import Testing

struct MediaRefusalLogTests {
    private func seconds(_ number: Int64) -> Instant { Instant(nanoseconds: number * 1_000_000_000) }

    @Test func `each kind is said once a minute, with how many there were`() {
        var log = MediaRefusalLog()
        var counters = MediaDriverCounters()
        #expect(log.due(counters, at: seconds(0)) == [])
        counters.media.audioReplayed = 3
        #expect(log.due(counters, at: seconds(1)).map(\.count) == [3])
        counters.media.audioReplayed = 1_000
        #expect(log.due(counters, at: seconds(2)) == [])
        counters.kernelDrops = 7
        #expect(log.due(counters, at: seconds(3)).map(\.kind) == ["datagrams dropped by the kernel"])
        #expect(log.due(counters, at: seconds(61)).map(\.count) == [997])
        #expect(log.due(counters, at: seconds(200)) == [])
    }
}
