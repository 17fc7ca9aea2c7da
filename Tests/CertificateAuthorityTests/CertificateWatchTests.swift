import CertificateAuthority
import Foundation
import Testing

@Suite struct CertificateWatchTests {
    let end = Date(timeIntervalSince1970: 1_800_000_000)

    private func at(_ daysBefore: Double) -> Date { end.addingTimeInterval(-daysBefore * 86_400) }
    private var gateway: [CertificateWatch.Watched] { [.init(name: "gateway", notAfter: end)] }

    @Test func `each threshold is said once, in its turn`() {
        var watch = CertificateWatch()
        #expect(watch.look(at: gateway, now: at(61)).isEmpty)
        #expect(watch.look(at: gateway, now: at(60)).map(\.threshold) == [.sixtyDays])
        #expect(watch.look(at: gateway, now: at(59)).isEmpty)
        #expect(watch.look(at: gateway, now: at(29.5)).map(\.daysLeft) == [29])
        #expect(watch.look(at: gateway, now: at(8)).isEmpty)
        #expect(watch.look(at: gateway, now: at(7)).map(\.threshold) == [.sevenDays])
        #expect(watch.look(at: gateway, now: at(0.1)).isEmpty)
        let last = watch.look(at: gateway, now: at(0))
        #expect(last.map(\.threshold) == [.expired])
        #expect(last.map(\.name) == ["gateway"])
        #expect(last.map(\.daysLeft) == [0])
        #expect(watch.look(at: gateway, now: at(-10)).isEmpty)
    }

    @Test func `at the first look only the gravest is said`() {
        var watch = CertificateWatch()
        #expect(watch.look(at: gateway, now: at(3)).map(\.threshold) == [.sevenDays])
        #expect(watch.look(at: gateway, now: at(-2)).map(\.daysLeft) == [-2])
    }

    @Test func `a clock that is set back repeats nothing`() {
        var watch = CertificateWatch()
        _ = watch.look(at: gateway, now: at(5))
        #expect(watch.look(at: gateway, now: at(40)).isEmpty)
        #expect(watch.look(at: gateway, now: at(5)).isEmpty)
        #expect(watch.look(at: gateway, now: at(0)).map(\.threshold) == [.expired])
    }

    @Test func `a renewed certificate is looked after anew`() {
        var watch = CertificateWatch()
        _ = watch.look(at: gateway, now: at(5))
        let renewed = [CertificateWatch.Watched(name: "gateway", notAfter: end.addingTimeInterval(50 * 86_400))]
        #expect(watch.look(at: renewed, now: at(5)).map(\.threshold) == [.sixtyDays])
    }

    @Test func `several are told apart, in their order`() {
        var watch = CertificateWatch()
        let both = [CertificateWatch.Watched(name: "access", notAfter: at(-100))] + gateway
        #expect(watch.look(at: both, now: at(10)).map(\.name) == ["gateway"])
        #expect(watch.look(at: both, now: at(-90)).map(\.name) == ["access", "gateway"])
    }
}
