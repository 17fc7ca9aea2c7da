import SDP
import Testing

@Suite("Parameters of the floor control channel")
struct FloorControlParametersTests {
    @Test("all parameters are read and written")
    func roundTrip() throws {
        let text = "mc_queueing;mc_priority=5;mc_granted;mc_implicit_request;mc_ssrc=305419896;mc_floor_ssrc=4294967295"
        let parameters = try FloorControlParameters(parsing: text)
        #expect(
            parameters
                == FloorControlParameters(
                    queueing: true, priority: 5, granted: true, implicitRequest: true, ssrc: 0x1234_5678,
                    floorSSRC: .max))
        #expect(parameters.text == text)
    }

    @Test("the misspelling of queueing and blanks between parameters are accepted")
    func tolerance() throws {
        let parameters = try FloorControlParameters(parsing: " mc_queing ; MC_Priority = 7;; mc_no_floor_ctrl;x=1 ")
        #expect(parameters.queueing)
        #expect(parameters.priority == 7)
        #expect(parameters.noFloorControl)
        #expect(parameters.others == ["x=1"])
        #expect(parameters.text == "mc_queueing;mc_priority=7;mc_no_floor_ctrl;x=1")
    }

    @Test(
        "numbers out of range are errors",
        arguments: ["mc_priority=256", "mc_priority", "mc_ssrc=-1", "mc_floor_ssrc=x"])
    func numbers(text: String) {
        #expect(throws: SDPError.self) { try FloorControlParameters(parsing: text) }
    }

    @Test("an answer holds only what the offer had, and no higher priority")
    func answering() {
        let all = FloorControlParameters(
            queueing: true, priority: 9, granted: true, implicitRequest: true, ssrc: 1, floorSSRC: 2,
            noFloorControl: true, others: ["x=2", "y=2"])
        let nothing = FloorControlParameters()
        #expect(all.answering(nothing) == nothing)
        #expect(nothing.answering(all) == nothing)
        let offer = FloorControlParameters(priority: 4, granted: true, floorSSRC: 7, others: ["x=1"])
        #expect(
            all.answering(offer) == FloorControlParameters(priority: 4, granted: true, floorSSRC: 2, others: ["x=2"]))
    }
}
