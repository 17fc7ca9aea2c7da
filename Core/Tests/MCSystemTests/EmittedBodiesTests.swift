import CallControl
import MCDocuments
import MCFoundation
import Policy
import SIP
import Testing

/// The bodies that functions really write, taken off the wire of two systems at work, against the schema.
@Suite struct EmittedBodiesTests {
    private func traffic() throws -> [[UInt8]] {
        var lab = try BorderCallTests.lab()
        // A refusal with a body, an emergency with an alert that is denied, rejoining, and who takes part.
        _ = lab.act(2) { $0.call(BorderCallTests.flood, at: $1) { $0.imminentPerilIndicator = true } }
        lab.pass(.seconds(2))
        _ = lab.act(0) {
            $0.call(BorderCallTests.flood, at: $1) {
                $0.emergencyIndicator = true
                $0.alertIndicator = true
            }
        }
        lab.pass(.seconds(2))
        _ = lab.act(1) {
            $0.call(BorderCallTests.flood, at: $1) {
                $0.emergencyIndicator = true
                $0.imminentPerilIndicator = true
            }
        }
        let identity = try #require(lab.handsets[2].lastIdentity)
        _ = lab.act(2) { $0.call(BorderCallTests.flood, session: identity, at: $1) }
        lab.act(2) { $0.observe(identity, at: $1) }
        lab.pass(.seconds(2))
        return lab.traffic
    }

    /// Every body of mcptt-info, once.
    private func bodies(_ traffic: [[UInt8]]) throws -> [[UInt8]] {
        var bodies: [[UInt8]] = []
        for octets in traffic {
            let parts: [BodyPart] =
                switch try SIPMessage.parse(octets) {
                case .request(let request): request.parts
                case .response(let response): response.parts
                }
            for part in parts where part.contentType.matches(MIMEType.mcpttInfo) && !bodies.contains(part.body) {
                bodies.append(part.body)
            }
        }
        return bodies
    }

    @Test func theTrafficHoldsWhatIsToBeChecked() throws {
        let informations = try bodies(try traffic()).map { try MCPTTInfo(parsing: $0) }
        #expect(informations.count >= 12)
        #expect(informations.contains { $0.emergencyIndicator == false })
        #expect(informations.contains { $0.alertIndicator == false && $0.emergencyIndicator == nil })
        #expect(informations.contains { $0.imminentPerilIndicator == true && $0.callingGroupID != nil })
        #expect(informations.contains { $0.sessionType == nil && $0.callingUserID != nil })
    }

    @Test(.enabled(if: SchemaCheck.folder != nil, "MCX_SCHEMAS does not name the folder with the schemas"))
    func everyInformationBodyOnTheWireIsValid() throws {
        for octets in try bodies(try traffic()) {
            #expect(try SchemaCheck.complaint(about: octets, schema: "all.xsd") == nil)
        }
    }
}
