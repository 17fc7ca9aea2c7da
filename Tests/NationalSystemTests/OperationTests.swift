import CertificateAuthority
import ConfigurationFiles
import FloorControl
import Foundation
import MCFoundation
import MCSystem
import NationalSystem
import Telemetry
import Testing

/// What an operator does to a system that runs, and what he reads off it.
@Suite(.timeLimit(.minutes(1))) struct OperationTests {
    let ground: OperatedSystem

    init() throws { ground = try OperatedSystem() }

    private func refusal(_ system: NationalSystem) -> CertificateRefusal? {
        do {
            _ = try system.prepare(system.configuration)
            return nil
        } catch {
            return error as? CertificateRefusal
        }
    }

    @Test func `what the operator says of the floor is what its calls go by`() throws {
        var configuration = ground.configuration
        configuration.floor.timers.retryAfter = .seconds(7)
        configuration.floor.asksForAcknowledgement = true
        let settings = try NationalSystem.settings(configuration, configuration.media)
        #expect(settings.floor == configuration.floor)
        #expect(settings.floor.timers.retryAfter == .seconds(7))
    }

    @Test func `a renewed certificate is taken up, and its dates are those of the new one`() async throws {
        let system = try await ground.start()
        let before = try #require(system.certificateDates().first { $0.role == "access" })
        try ground.replace("access", by: try OperatedSystem.issue(ground.authority, days: 200))
        try system.apply(try system.prepare(system.configuration))
        let after = try #require(system.certificateDates().first { $0.role == "access" })
        #expect(after.notAfter > before.notAfter)
        #expect(system.certificateDates().map(\.role) == ["access", "interconnection", "authority"])
        await system.stop()
    }

    @Test func `a certificate that does not fit is refused with its file and what is wrong`() async throws {
        let system = try await ground.start()
        #expect(refusal(system) == nil)
        let (one, other) = (
            try OperatedSystem.issue(ground.authority, days: 10), try OperatedSystem.issue(ground.authority, days: 10)
        )
        try ground.replace("access", by: one)
        try PEMFile.write(key: other.keyPEM, to: "\(ground.folder)/access.key")
        #expect(refusal(system)?.reason == .keyDoesNotMatchCertificate)
        #expect(refusal(system)?.file.hasSuffix("/access.pem") == true)
        let past = try OperatedSystem.issue(ground.authority, days: -1, since: 30)
        try ground.replace("access", by: past)
        let end = try #require(try CertificateSummary.read(pem: past.certificatePEM).first).notAfter
        #expect(refusal(system)?.reason == .expired(end))
        try PEMFile.write(certificate: "rubbish", to: "\(ground.folder)/access.pem")
        #expect(refusal(system)?.reason == .unreadable("no certificate in PEM"))
        try FileManager.default.removeItem(atPath: "\(ground.folder)/access.pem")
        #expect(refusal(system)?.reason == .unreadable("cannot be read"))
        await system.stop()
    }

    @Test func `a system without calls may end at once when it drains, and says that it is not ready`() async throws {
        let system = try await ground.start()
        #expect(!system.isDraining)
        system.beginDrain(retryAfter: .seconds(60))
        #expect(system.isDraining)
        #expect(await system.hasNoCall())
        let names = await system.metrics().map(\.name)
        #expect(names.contains("euccs_registrations") && names.contains("euccs_affiliated_clients"))
        let draining = await system.metrics().first { $0.name == "euccs_draining" }
        #expect(draining?.samples.map(\.value) == [1])
        await system.stop()
    }

    @Test func `the numbers of all rooms are there, each family once per cell`() async throws {
        let system = try await ground.start()
        let families = await system.metrics()
        let names = Set(families.map(\.name))
        for name in [
            "euccs_info", "process_uptime_seconds", "process_memory_usage_bytes", "process_cpu_time_seconds_total",
            "process_unix_file_descriptor_count", "euccs_calls", "euccs_signalling_open_flows",
            "euccs_signalling_accepted_connections_total", "euccs_cell_refused_requests_total",
            "euccs_media_audio_foreign_ssrc_total", "euccs_media_driver_kernel_drops_total",
            "euccs_media_driver_cpu_time_seconds_total", "euccs_certificate_expiry_days",
        ] {
            #expect(names.contains(name), "\(name)")
        }
        func labels(_ name: String, _ label: String) -> [String] {
            let samples = families.first { $0.name == name }?.samples ?? []
            return samples.compactMap { $0.labels.first { $0.name == label }?.value }
        }
        #expect(
            labels("euccs_cell_refused_services_total", "function") == [
                "participating", "controlling", "gateway", "documents",
            ])
        #expect(labels("euccs_media_driver_floor_reply_time_seconds", "quantile") == ["0.5", "0.99"])
        for family in families {
            #expect((family.kind == .counter) == family.name.hasSuffix("_total"), "\(family.name)")
            #expect(!family.help.isEmpty)
        }
        let days = try #require(families.first { $0.name == "euccs_certificate_expiry_days" })
        let access = try #require(days.samples.first { $0.labels == [.init("certificate", "access")] })
        #expect((99...100).contains(access.value))
        let memory = try #require(families.first { $0.name == "process_memory_usage_bytes" }?.samples.first)
        #expect(memory.value > 1_000_000)
        await system.stop()
    }
}
