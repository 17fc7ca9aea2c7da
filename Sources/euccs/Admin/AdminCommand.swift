import Administration
import ArgumentParser
import ConfigurationFiles
import Foundation
import HostTime
import MCFoundation
import NationalAdministration
import Policy
import SQLiteStorage
import Storage

/// Manages a nation's users, groups and records in its store, while its system serves or not.
struct AdminCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin", abstract: "Make and manage a national system: users, groups, audit, backups.",
        discussion: """
            Whoever may write the store file may act as any administrator of the nation; the audit log says in whose name. \
            A system that serves from the same store takes a change up at once.
            """,
        subcommands: [
            InitCommand.self, ImportCommand.self, ExportCommand.self, SuspendCommand.self, ResumeCommand.self,
            MemberCommand.self, OrganisationCommand.self, RecordCommand.self, PasswordCommand.self, AuditCommand.self,
            BackupCommand.self, RestoreCommand.self, CheckStoreCommand.self, CertificateCommand.self,
        ])
}

/// Which nation, and in whose name.
struct StoreOptions: ParsableArguments {
    @Option(help: "The system's configuration file, which names the store.")
    var config: String

    func open() throws -> (administration: NationalAdministration, configuration: SystemConfiguration) {
        try AdminFailure.told {
            let configuration = try SystemConfiguration.read(path: config)
            return (try OpenedStore.administration(try path(of: configuration), configuration), configuration)
        }
    }

    /// The store itself, for what needs no nation in it.
    func openStore() throws -> SQLiteStore {
        let configuration = try SystemConfiguration.read(path: config)
        return try SQLiteStore(
            path: try path(of: configuration), system: configuration.identity.id.value, at: SystemClock.now().utc)
    }

    func path(of configuration: SystemConfiguration) throws -> String {
        guard case .store(let path) = configuration.directory else {
            throw NationError("\(config): expected a store, found a directory file")
        }
        return path
    }
}

struct ActorOptions: ParsableArguments {
    @Option(name: .customLong("as"), help: "The administrator in whose name it is done.")
    var administrator: String
}

enum AdminFailure {
    /// Says what is wrong and ends with status 2: what was asked for is not so, or may not be.
    static func told<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch { throw tell(error) }
    }

    static func told<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch { throw tell(error) }
    }

    private static func tell(_ error: any Error) -> ExitCode {
        switch error {
        case let code as ExitCode: return code
        default: Terminal.complain("\(error)")
        }
        return ExitCode(2)
    }
}
