import Lab
import Testing

struct MeasurementTests {
    private func burst(cutAt: Int64? = nil, listeners: [TalkBurst.Listener]) -> TalkBurst {
        TalkBurst(
            number: 1, group: "g", groupCountry: "it", talker: "Rossi", country: "it", ssrc: 7, pressedAt: 0,
            grantedAt: 40_000_000, endedAt: 2_040_000_000, cutAt: cutAt, access: .immediate,
            packets: (0..<100).map {
                SentPacket(sequence: UInt16($0), sentAt: 40_000_000 + Int64($0) * 20_000_000, payload: UInt64($0) * 31)
            }, listeners: listeners)
    }
    private func heard(_ numbers: some Sequence<Int>, ssrc: UInt32 = 7, payload: (Int) -> UInt64 = { UInt64($0) * 31 })
        -> [HeardPacket]
    {
        numbers.map {
            HeardPacket(
                ssrc: ssrc, sequence: UInt16($0), receivedAt: 45_000_000 + Int64($0) * 20_000_000, payload: payload($0))
        }
    }
    private let martin = TalkBurst.Listener(name: "Martin", country: "fr")

    @Test func `a burst that arrived is whole, and its delay counts coding and play-out`() {
        let hearing = burst(listeners: [martin]).hearing(by: martin, of: heard(0..<100))
        #expect(hearing.isWhole && hearing.crossesBorder && hearing.packetsLost == 0)
        #expect(hearing.mouthToEarMilliseconds.allSatisfy { $0 == 5 + 25 + 40 })
    }

    @Test func `a clipped beginning, a changed packet and many losses are not whole`() {
        #expect(burst(listeners: [martin]).hearing(by: martin, of: heard(1..<100)).isBeginningClipped)
        let changed = burst(listeners: [martin]).hearing(by: martin, of: heard(0..<100) { _ in 5 })
        #expect(changed.packetsForeign == 100 && !changed.isWhole)
        let lossy = burst(listeners: [martin]).hearing(by: martin, of: heard((0..<100).filter { $0 % 10 != 5 }))
        #expect(lossy.packetsLost == 10 && !lossy.isWhole)
        #expect(burst(listeners: [martin]).hearing(by: martin, of: heard((0..<100).filter { $0 != 50 })).isWhole)
    }

    @Test func `what is said after the floor was taken away is no loss, what was said before is`() {
        let cutAt: Int64 = 40_000_000 + 60 * 20_000_000
        #expect(burst(cutAt: cutAt, listeners: [martin]).hearing(by: martin, of: heard(0..<60)).isWhole)
        #expect(!burst(cutAt: cutAt, listeners: [martin]).hearing(by: martin, of: heard(0..<50)).isWhole)
        #expect(!burst(listeners: [martin]).hearing(by: martin, of: heard(0..<60)).isWhole)
    }

    @Test func `who comes late owes nothing of what was said before`() {
        let late = TalkBurst.Listener(name: "Verdi", country: "it", joinedAt: 900_000_000)
        let hearing = burst(listeners: [late]).hearing(by: late, of: heard(48..<100))
        #expect(hearing.isWhole && hearing.isLateEntry && hearing.packetsSent == 52)
    }

    @Test func `who comes late and hears only the end has missed speech`() {
        let late = TalkBurst.Listener(name: "Verdi", country: "it", joinedAt: 100_000_000)
        #expect(!burst(listeners: [late]).hearing(by: late, of: heard(70..<100)).isWhole)
        #expect(!burst(listeners: [late]).hearing(by: late, of: []).isWhole)
    }

    @Test func `speech crosses a border where talker, owner and listener are not of one country`() {
        func crosses(_ talker: String, _ owner: String, _ listener: String) -> Bool {
            var talk = burst(listeners: [])
            talk.country = talker
            talk.groupCountry = owner
            return talk.hearing(by: TalkBurst.Listener(name: "x", country: listener), of: []).crossesBorder
        }
        #expect(!crosses("it", "it", "it"))
        #expect(crosses("it", "it", "fr") && crosses("fr", "it", "it") && crosses("fr", "it", "fr"))
    }

    @Test func `the report fails where somebody missed speech or overheard it`() {
        func report(_ received: [String: [HeardPacket]]) -> LabReport {
            LabReport(
                title: "t", beganAt: 0, bursts: [burst(listeners: [martin])], received: received, failures: [])
        }
        #expect(report(["Martin": heard(0..<100)]).everybodyHeard)
        #expect(!report(["Martin": heard(5..<100)]).everybodyHeard)
        #expect(!report(["Martin": heard(0..<100), "Petit": heard(0..<1)]).everybodyHeard)
        #expect(!report(["Martin": heard(0..<100), "Garcia": heard(0..<9)]).everybodyHeard)
        #expect(!report(["Martin": heard(0..<100) + heard(0..<1, ssrc: 8)]).everybodyHeard)
        #expect(!report(["Martin": heard(0..<100), "Garcia": heard([99], payload: { _ in 5 })]).everybodyHeard)
    }

    @Test func `indicators that must hold must have been measured`() {
        let report = KPIReport(bursts: [burst(listeners: [martin])], hearings: [], lateEntries: [])
        #expect(report.inCountry[0].holds == true)
        #expect(!report.inCountryHolds)
    }

    @Test func `an indicator with a limit holds or not, and one without has no verdict`() {
        let values = (1...100).map(Double.init)
        #expect(KPI(name: "", meaning: "", limit: 96, share: 0.95, values: values).holds == true)
        #expect(KPI(name: "", meaning: "", limit: 95, share: 0.95, values: values).holds == false)
        #expect(KPI(name: "", meaning: "", limit: 100, share: 1, values: values).holds == false)
        #expect(KPI(name: "", meaning: "", limit: nil, share: 1, values: values).holds == nil)
        #expect(KPI(name: "", meaning: "", limit: 1, share: 1, values: []).holds == nil)
    }
}
