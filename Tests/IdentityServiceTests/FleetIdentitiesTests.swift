import Administration
import IdentityManagement
import IdentityService
import MCFoundation
import Testing

/// The users of a fleet map as identity management sees them.
@Suite struct FleetIdentitiesTests {
    private static func identities(_ rights: [UserRight], suspended: Bool = false) -> FleetIdentities {
        FleetIdentities(
            FleetSnapshot([
                .user(
                    UserRecord(
                        id: "sip:anna@mc.it.example", loginName: "anna", organisation: "vvf",
                        rights: RightsOverride(allowed: rights), isSuspended: suspended))
            ]))
    }

    @Test func `an ID of a service has who may use it, and it is that of MCPTT`() {
        let plain = Self.identities([.privateCall]).loginUser(named: "anna")
        #expect(plain?.has(.ptt) == true && plain?.has(.video) == false && plain?.has(.data) == false)
        let video = Self.identities([.mcvideo]).user(MCPTTID("sip:anna@mc.it.example"))
        #expect(video?.mcvideoID == "sip:anna@mc.it.example" && video?.mcdataID == nil)
        #expect(Self.identities([.mcdata]).loginUser(named: "anna")?.mcdataID == "sip:anna@mc.it.example")
    }
}
