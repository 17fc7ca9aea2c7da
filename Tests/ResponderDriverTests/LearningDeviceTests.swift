import Administration
import ConfigurationDocuments
import Foundation
import MCDocuments
import MCFoundation
import NationalAdministration
import Responder
import ResponderDriver
import SDP
import Testing

/// Devices that learn from documents what they are, in a nation with all its services.
@Suite(.serialized) struct LearningDeviceTests {
    private static let anna = MCPTTID(LearningGround.id("anna"))
    private static let bruno = MCPTTID(LearningGround.id("bruno"))
    private static let flood = MCPTTGroupID(LearningGround.id("flood"))
    private static let rescue = MCPTTGroupID(LearningGround.id("rescue"))

    @Test func `a device that knows one address registers with what its documents say`() async throws {
        let ground = try await LearningGround(users: ["anna", "bruno"])
        try await ground.perform(.create(LearningGround.group("flood", [("anna", 30), ("bruno", 1)]).record))
        try await ground.perform(
            .create(DeviceRecord(instance: "urn:uuid:radio", organisation: "vvf", user: Self.anna.value).record))
        let anna = try await TriedDevice(try ground.profile(of: "anna"))
        let known = try #require(anna.device.configuration)
        #expect(known.mcpttID == Self.anna)
        #expect(known.priority == 5)
        #expect(known.maximumGroupCalls != nil)
        #expect(known.groups.map(\.id) == [Self.flood])
        #expect(known.group(Self.flood)?.priority == 30)
        #expect(known.group(Self.flood)?.members.count == 2)
        let order = anna.documentNotices.compactMap { if case .read(let document, _) = $0 { document } else { nil } }
        #expect(
            order == [.ueInitialConfiguration, .ueConfiguration, .userProfile, .serviceConfiguration, .group])
        try await anna.register(affiliatingTo: Self.flood.value)
        // Who is not known to the operator has no configuration, and comes in all the same.
        let bruno = try await TriedDevice(try ground.profile(of: "bruno", device: "spare"))
        #expect(bruno.device.configuration?.maximumGroupCalls == nil)
        try await bruno.register(affiliatingTo: Self.flood.value)
        anna.device.command(.call(CallRequest(group: Self.flood)))
        try await bruno.until("called") { notices in
            notices.contains { if case .callStarted = $0 { true } else { false } }
        }
        for device in [anna, bruno] { await device.device.stop() }
        await ground.stop()
    }

    @Test func `what changes is told, fetched and obeyed while the device runs`() async throws {
        let ground = try await LearningGround(users: ["anna", "bruno"])
        try await ground.perform(.create(LearningGround.group("flood", [("anna", 1), ("bruno", 1)]).record))
        let anna = try await TriedDevice(try ground.profile(of: "anna"))
        try await anna.register(affiliatingTo: Self.flood.value)
        // The first NOTIFY says that all is as it was read.
        try await anna.until("told") { notices in
            notices.contains { if case .documentChanged = $0 { true } else { false } }
        }
        try await ground.perform(.replace(LearningGround.group("flood", [("anna", 99), ("bruno", 1)]).record))
        try await anna.until("the group's priority") {
            anna.configurations.last?.group(Self.flood)?.priority == 99
        }
        try await ground.perform(.create(LearningGround.group("rescue", [("anna", 2)]).record))
        try await anna.until("the new group") { anna.configurations.last?.group(Self.rescue)?.priority == 2 }
        try await ground.perform(.replace(LearningGround.group("flood", [("bruno", 1)]).record))
        try await anna.until("the lost group") { anna.configurations.last?.groups.map(\.id) == [Self.rescue] }
        #expect(!anna.responderNotices.contains { if case .documentsRefused = $0 { true } else { false } })
        await anna.device.stop()
        await ground.stop()
    }

    @Test func `a device may what the profile allows by which it works, for as long as its user has it`() async throws {
        let ground = try await LearningGround(users: ["anna", "bruno"])
        try await ground.perform(.create(LearningGround.group("flood", [("anna", 1), ("bruno", 1)]).record))
        try await ground.perform(.create(ProfileRecord(name: "listener").record))
        let fleet = await ground.administration.fleet
        let ordinary = try #require(fleet.user(Self.bruno.value))
        var both = ordinary
        both.profile = "listener"
        both.maxima.affiliationsN2 = 1
        both.maxima.groupCallsN6 = 2
        both.maxima.groupCallsPerClientN4 = 2
        both.otherProfiles = [SelectableProfile(index: 2, profile: "responder")]
        try await ground.perform(.replace(both.record))
        let anna = try await TriedDevice(try ground.profile(of: "anna"))
        let listening = try await TriedDevice(try ground.profile(of: "bruno", device: "urn:uuid:listening"))
        let calling = try await TriedDevice(
            try ground.profile(of: "bruno", device: "urn:uuid:calling", more: "user_profile: 2"))
        for device in [anna, listening, calling] { try await device.register(affiliatingTo: Self.flood.value) }
        listening.device.command(.call(CallRequest(group: Self.flood)))
        try await listening.until("refused") { notices in
            notices.contains { if case .callFailed(_, status: 403, warning: 109) = $0 { true } else { false } }
        }
        calling.device.command(.call(CallRequest(group: Self.flood)))
        try await anna.until("called") { notices in
            notices.contains { if case .callStarted = $0 { true } else { false } }
        }
        both.otherProfiles = nil
        try await ground.perform(.replace(both.record))
        try await calling.until("out of the call") { notices in
            notices.contains { if case .callEnded = $0 { true } else { false } }
        }
        // It is served on, as the other one.
        try await calling.until("the usual profile") { calling.configurations.last?.userProfile == 0 }
        calling.device.command(.call(CallRequest(group: Self.flood)))
        try await calling.until("refused") { notices in
            notices.contains { if case .callFailed(_, status: 403, warning: 109) = $0 { true } else { false } }
        }
        for device in [anna, listening, calling] { await device.device.stop() }
        await ground.stop()
    }

    @Test func `what a device cannot have is told with name, address and status, and it does not register`()
        async throws
    {
        let ground = try await LearningGround(users: ["anna"])
        func failure(_ profile: DeviceProfile) async -> String {
            do {
                let device = try await TriedDevice(profile)
                await device.device.stop()
                return "it came in"
            } catch { return "\(error)" }
        }
        let lost = ground.settings.groupRoot + "/org.3gpp.mcptt.ue-init-config/users/nobody/radio"
        #expect(
            await failure(try ground.profile(of: "anna", url: lost))
                == "UE initial configuration \(lost): status 404")
        let wrong = await failure(try ground.profile(of: "anna", password: "sun"))
        #expect(wrong.contains("user name or password were refused"), "\(wrong)")
        #expect(!wrong.contains("sun"))
        let service = ground.settings.groupRoot + "/org.3gpp.mcptt.service-config/global/service-config.xml"
        let other = await failure(try ground.profile(of: "anna", url: service))
        #expect(other.contains("\(service): status 401"), "\(other)")
        await ground.stop()
    }
}
