import Telemetry
import Testing

@Suite struct ReadinessTests {
    @Test func `a system is ready, or says why it is not`() {
        let ready = Readiness(isDraining: false, auditTrouble: nil)
        #expect(ready.status == 200 && ready.text == "ready")
        let troubled = Readiness(isDraining: false, auditTrouble: "disk full\nerror 13")
        #expect(troubled.status == 503)
        #expect(troubled.text == "the audit log cannot be kept: disk full error 13")
        for trouble in [nil, "disk full"] {
            let draining = Readiness(isDraining: true, auditTrouble: trouble)
            #expect(draining.status == 503 && draining.text == "draining")
        }
    }
}
