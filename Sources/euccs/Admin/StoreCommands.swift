import ArgumentParser
import Audit
import ConfigurationFiles
import Foundation
import HostTime
import MCFoundation
import NationalAdministration
import Policy
import SQLiteStorage

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the store to a new file while the system serves.")
    @OptionGroup var store: StoreOptions
    @OptionGroup var acting: ActorOptions
    @Argument(help: "The new file.")
    var file: String

    func run() async throws {
        try await AdminFailure.told {
            guard !FileManager.default.fileExists(atPath: file) else { throw NationError("\(file) is there already") }
            let administration = try store.open().administration
            let now = SystemClock.now().utc
            let maker = try await administration.operatorActing(as: acting.administrator, for: .backup, at: now)
            // First: the copy holds the entry that tells of it.
            try await administration.record(.backup, [AuditDetail("file", file)], by: maker, at: now)
            try store.openStore().backup(to: file)
            Terminal.show("written: \(file)")
        }
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in the place of the store; no system may serve from it.",
        discussion: """
            What was revoked since the backup cannot be known, so the keys that sign tokens are not restored: everybody \
            logs in again. The store that was there stays beside it under the name with .replaced.
            """)
    @OptionGroup var store: StoreOptions
    @OptionGroup var acting: ActorOptions
    @Argument(help: "The backup.")
    var file: String

    func run() async throws {
        try await AdminFailure.told {
            let configuration = try SystemConfiguration.read(path: store.config)
            let path = try store.path(of: configuration)
            try await checkActor(path)
            try SQLiteStore.restore(from: file, to: path, system: configuration.identity.id.value)
            let restored = try self.store.openStore()
            try SigningKeyRecord.forgetAll(in: restored, at: SystemClock.now().utc)
            try restored.close()
            do {
                let administration = try OpenedStore.administration(path, configuration)
                try await administration.recordRestoring(
                    of: file, by: acting.administrator, at: SystemClock.now().utc)
            } catch {
                throw NationError("\(file) is restored, but its audit log does not tell of it: \(error)")
            }
            Terminal.show("restored from \(file)")
        }
    }

    /// The store that is replaced says whether he may. One that is not there, or is too damaged to be read, says nothing:
    /// that is what a backup is for.
    private func checkActor(_ path: String) async throws {
        guard FileManager.default.fileExists(atPath: path), let present = try? store.openStore() else { return }
        // Nobody may have it open when it is replaced.
        defer { try? present.close() }
        guard let administration = try? NationalAdministration(store: present) else { return }
        _ = try await administration.operatorActing(
            as: acting.administrator, for: .restore, at: SystemClock.now().utc)
    }
}

struct CheckStoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Read the whole store and say what is not as it was written.")
    @OptionGroup var store: StoreOptions

    func run() async throws {
        try AdminFailure.told {
            let complaints = try store.openStore().check()
            for complaint in complaints { Terminal.complain(complaint) }
            guard complaints.isEmpty else { throw ExitCode.failure }
            Terminal.show("in order")
        }
    }
}
