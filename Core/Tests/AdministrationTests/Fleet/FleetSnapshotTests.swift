import Administration
import MCFoundation
import Testing

@Suite struct FleetSnapshotTests {
    @Test func aUserIsFoundByEachOfHisNames() {
        #expect(Italy.fleet.user(Italy.id("anna")) == Italy.user("anna"))
        #expect(Italy.fleet.user(publicIdentity: Italy.id("anna")) == Italy.user("anna"))
        #expect(Italy.fleet.user(privateIdentity: "anna@mc.it.example") == Italy.user("anna"))
        #expect(Italy.fleet.user(loginName: "anna") == Italy.user("anna"))
        #expect(Italy.fleet.user(loginName: Italy.id("anna")) == nil)
    }

    @Test func keysAreInOrderWhateverTheOrderOfRecords() {
        let backwards = FleetSnapshot(Italy.records.reversed())
        #expect(backwards.keys(of: .user) == [Italy.id("anna"), Italy.id("bruno"), Italy.id("carla")])
        var changed = backwards
        changed.apply(.put(.user(Italy.user("aldo"))))
        changed.apply(.delete(.user, key: Italy.id("bruno")))
        #expect(changed.keys(of: .user) == [Italy.id("aldo"), Italy.id("anna"), Italy.id("carla")])
        #expect(backwards.keys(of: .user).count == 3)
    }

    @Test func keysOfManyStayInOrderWhoeverComesAndGoes() {
        var random = SeededGenerator(seed: 9)
        var fleet = FleetSnapshot()
        var expected: Set<String> = []
        for step in 0..<12_000 {
            let key = Italy.id("u\(UInt32.random(in: 0..<6_000, using: &random))")
            // They come for a while, then they go.
            if UInt32.random(in: 0..<12_000, using: &random) >= step {
                fleet.apply(.put(.device(DeviceRecord(instance: key, organisation: "vvf"))))
                expected.insert(key)
            } else {
                fleet.apply(.delete(.device, key: key))
                expected.remove(key)
            }
            guard step % 1_500 == 1_499 else { continue }
            let sorted = expected.sorted()
            #expect(fleet.keys(of: .device) == sorted)
            for after in ["", key, sorted[0], sorted[sorted.count / 2], sorted[sorted.count - 1], "~"] {
                #expect(Array(fleet.orderedKeys(of: .device).after(after)) == sorted.filter { $0 > after })
            }
        }
        let before = fleet
        for key in expected.sorted() { fleet.apply(.delete(.device, key: key)) }
        #expect(fleet.keys(of: .device).isEmpty)
        #expect(Array(fleet.orderedKeys(of: .device).after("")).isEmpty)
        #expect(before.keys(of: .device) == expected.sorted())
    }

    @Test func aReplacedUserLeavesNoTraceOfHisOldNames() {
        var fleet = Italy.fleet
        var anna = Italy.user("anna")
        anna.publicIdentity = "sip:new@vvf.it.example"
        anna.loginName = nil
        fleet.apply(.put(.user(anna)))
        #expect(fleet.user(publicIdentity: Italy.id("anna")) == nil)
        #expect(fleet.user(publicIdentity: "sip:new@vvf.it.example") == anna)
        #expect(fleet.user(loginName: "anna") == nil)
        #expect(Italy.fleet.user(loginName: "anna") != nil)
    }

    @Test func twoUsersMayTradeTheirIdentitiesInOneCommit() {
        var fleet = Italy.fleet
        var (anna, bruno) = (Italy.user("anna"), Italy.user("bruno"))
        (anna.publicIdentity, bruno.publicIdentity) = (bruno.publicIdentity, anna.publicIdentity)
        fleet.apply([.put(.user(anna)), .put(.user(bruno))])
        #expect(fleet.user(publicIdentity: Italy.id("anna")) == bruno)
        #expect(fleet.user(publicIdentity: Italy.id("bruno")) == anna)
    }

    @Test func referencesFollowEveryChange() {
        var fleet = Italy.fleet
        #expect(fleet.groups(ofMember: Italy.id("anna")) == [Italy.id("flood")])
        fleet.apply(.put(.group(Italy.group("flood", [Italy.id("bruno"), Italy.id("carla")]))))
        #expect(fleet.groups(ofMember: Italy.id("anna")) == [])
        #expect(fleet.groups(ofMember: Italy.id("carla")) == [Italy.id("flood"), Italy.id("patrol")])
        fleet.apply(.delete(.group, key: Italy.id("patrol")))
        #expect(fleet.groups(ofMember: Italy.id("carla")) == [Italy.id("flood")])
        #expect(fleet.users(ofProfile: "responder").count == 3)
        var carla = Italy.user("carla", "ps")
        carla.profile = nil
        fleet.apply(.put(.user(carla)))
        #expect(fleet.users(ofProfile: "responder") == [Italy.id("anna"), Italy.id("bruno")])
        #expect(fleet.isOrganisationUsed("ps"))
        fleet.apply(.delete(.user, key: carla.id))
        #expect(!fleet.isOrganisationUsed("ps"))
    }

    @Test func oneOfManyUsersIsChangedWithoutARebuild() {
        var fleet = FleetSnapshot((0..<20_000).map { .user(Italy.user("u\($0)")) })
        let clock = ContinuousClock()
        let took = clock.measure {
            for number in 0..<1_000 {
                var user = Italy.user("u\(number)")
                user.priority = 7
                fleet.apply(.put(.user(user)))
            }
        }
        #expect(fleet.user(Italy.id("u999"))?.priority == 7)
        #expect(took < .seconds(30))
    }
}
