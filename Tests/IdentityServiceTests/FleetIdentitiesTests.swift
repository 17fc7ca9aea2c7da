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

    private static func anna(_ password: String?, suspended: Bool = false) -> UserRecord {
        UserRecord(
            id: "sip:anna@mc.it.example", loginName: "anna", passwordVerifier: password.map { PasswordVerifier($0) },
            organisation: "vvf", isSuspended: suspended)
    }

    /// What a change of anna means; nil: nothing.
    private static func event(_ change: FleetChange, _ before: UserRecord?) -> String? {
        let events = FleetIdentities.events(of: [change], before: FleetSnapshot(before.map { [.user($0)] } ?? []))
        return switch events.first {
        case .userSuspended(let user) where user.value == "sip:anna@mc.it.example": "suspended"
        case .userPasswordChanged(let user) where user.value == "sip:anna@mc.it.example": "password"
        case nil: nil
        default: "\(events)"
        }
    }

    @Test func `a commit tells log-in of who was suspended, deleted or has another password, and of nobody else`() {
        let old = Self.anna("old")
        #expect(Self.event(.put(.user(Self.anna("new"))), old) == "password")
        #expect(Self.event(.put(.user(Self.anna(nil))), old) == "password")
        #expect(Self.event(.put(.user(Self.anna("old"))), old) == nil)
        #expect(Self.event(.put(.user(old)), Self.anna(nil)) == nil)
        #expect(Self.event(.put(.user(old)), nil) == nil)
        #expect(Self.event(.put(.user(Self.anna("old", suspended: true))), old) == "suspended")
        #expect(Self.event(.put(.user(Self.anna("old", suspended: true))), Self.anna("old", suspended: true)) == nil)
        #expect(Self.event(.delete(.user, key: old.id), old) == "suspended")
        #expect(Self.event(.delete(.group, key: old.id), old) == nil)
    }

    @Test func `an ID of a service has who may use it, and it is that of MCPTT`() {
        let plain = Self.identities([.privateCall]).loginUser(named: "anna")
        #expect(plain?.has(.ptt) == true && plain?.has(.video) == false && plain?.has(.data) == false)
        let video = Self.identities([.mcvideo]).user(MCPTTID("sip:anna@mc.it.example"))
        #expect(video?.mcvideoID == "sip:anna@mc.it.example" && video?.mcdataID == nil)
        #expect(Self.identities([.mcdata]).loginUser(named: "anna")?.mcdataID == "sip:anna@mc.it.example")
    }
}
