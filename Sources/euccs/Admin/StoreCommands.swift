import ArgumentParser
import ConfigurationFiles
import HostTime
import MCFoundation
import NationalAdministration
import Policy
import SQLiteStorage

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the store to a new file while the system serves.")
    @OptionGroup var store: StoreOptions
    @Argument(help: "The new file.")
    var file: String

    func run() async throws {
        try AdminFailure.told {
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
    @Argument(help: "The backup.")
    var file: String

    func run() async throws {
        try AdminFailure.told {
            let configuration = try SystemConfiguration.read(path: store.config)
            try SQLiteStore.restore(
                from: file, to: try store.path(of: configuration), system: configuration.identity.id.value)
            let restored = try self.store.openStore()
            try SigningKeyRecord.forgetAll(in: restored, at: SystemClock.now().utc)
            try restored.close()
            Terminal.show("restored from \(file)")
        }
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
