import ArgumentParser
import Audit
import ConfigurationFiles
import Credentials
import Foundation
import HostTime
import MCFoundation
import NationalAdministration
import SQLiteStorage

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "The nation's audit log.",
        subcommands: [Verify.self, Export.self, Erase.self, RotateKey.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find any change, removal or reordering of the log; status 1 where there is one.",
            discussion: """
                Without --key every key that the store knows is believed: whoever can write to the store could have added \
                one. Note the names of the keys elsewhere.

                A system that serves tells each seal in its own log: record and hash. With --sealed a log that was \
                shortened or rewritten before that record is found out, seal and all.
                """)
        @OptionGroup var store: StoreOptions
        @Option(help: "Believe seals of this key only; may be given several times.")
        var key: [String] = []
        @Option(
            help: "A seal that was noted elsewhere, as SEQUENCE:HASH; the log must have that record.",
            transform: AuditWord.head)
        var sealed: Audit.AuditHead?

        func run() async throws {
            try await AdminFailure.told {
                let report = try await store.open().administration.verifyAudit(
                    trusting: key.isEmpty ? nil : key, expecting: sealed)
                for finding in report.findings { Terminal.complain("\(finding)") }
                if report.findingsNotKept > 0 { Terminal.complain("and \(report.findingsNotKept) more") }
                guard report.isSound else { throw ExitCode.failure }
                Terminal.show("\(report.records) records, sound; they end with \(report.head.hash)")
                Terminal.show(
                    "\(report.seals) seals, the last of record \(report.sealedThrough); "
                        + "\(report.personalErased) personal values were erased")
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a part of the log for a reader; that it was read is logged first.")
        @OptionGroup var store: StoreOptions
        @OptionGroup var acting: ActorOptions
        @Option(
            help: "For whom: auditor sees all, data-protection who acted on whom, statistics no person.",
            transform: AuditWord.read)
        var role: AuditReader
        @Option(help: "csv or jsonl.", transform: AuditWord.read)
        var format: AuditExportFormat = .csv
        @Option(help: "From this time on, such as 2026-11-28 or 2026-11-28T07:00:00Z.", transform: AuditTime.read)
        var from: UTCTime?
        @Option(help: "Before this time.", transform: AuditTime.read)
        var to: UTCTime?
        @Option(help: "Whoever acted or was acted upon.")
        var user: String?
        @Option(help: "The identifier of a call.")
        var call: String?
        @Option(help: "The identifier of an incident.")
        var incident: String?
        @Option(
            name: .customLong("class"), help: "Only records of this class; may be given several times.",
            transform: AuditWord.read)
        var classes: [AuditClass] = []

        func run() async throws {
            try await AdminFailure.told {
                let query = AuditQuery(
                    from: from, until: to, identity: user, call: call, incident: incident, classes: classes)
                let rows = try await store.open().administration.exportAudit(
                    query, as: role, format, by: acting.administrator, at: SystemClock.now().utc
                ) { octets in
                    try FileHandle.standardOutput.write(contentsOf: Data(octets))
                }
                Terminal.complain("\(rows) records")
            }
        }
    }

    struct Erase: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Erase a person from the log; what happened stays, and the log says that somebody was erased.")
        @OptionGroup var store: StoreOptions
        @OptionGroup var acting: ActorOptions
        @Option(help: "An identity of the person; may be given several times.")
        var user: [String]
        @Option(help: "On what ground; stays in the log, so it must not name the person.")
        var reason: String

        func run() async throws {
            try await AdminFailure.told {
                let erased = try await store.open().administration.eraseFromAudit(
                    user, reason: reason, by: acting.administrator, at: SystemClock.now().utc)
                Terminal.show("\(erased) values were erased")
            }
        }
    }

    struct RotateKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate-key",
            abstract: "Make a new key for the seals; a system that serves takes it up at its next start.")
        @OptionGroup var store: StoreOptions
        @OptionGroup var acting: ActorOptions

        func run() async throws {
            try await AdminFailure.told {
                let (administration, configuration) = try store.open()
                let maker = try await administration.operatorActing(
                    as: acting.administrator, for: .sealKeyRotation, at: SystemClock.now().utc)
                let key = try SealKeyFile.rotate(AuditKeyPath.beside(try store.path(of: configuration)))
                try await administration.seal(by: key, made: maker, at: SystemClock.now().utc)
                Terminal.show("seals are made by \(key.id)")
            }
        }
    }
}

/// Where the key of the seals is kept.
enum AuditKeyPath {
    static func beside(_ store: String) -> String {
        URL(fileURLWithPath: store).deletingLastPathComponent().appendingPathComponent("audit.key").path
    }
}

/// Times on the command line.
enum AuditTime {
    static func read(_ text: String) throws -> UTCTime {
        let isDay = text.utf8.count == 10
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = isDay ? [.withFullDate] : [.withInternetDateTime]
        guard let date = formatter.date(from: text) else {
            throw ValidationError("expected a time such as 2026-11-28 or 2026-11-28T07:00:00Z, found \(text)")
        }
        return UTCTime(microseconds: Int64(date.timeIntervalSince1970 * 1_000_000))
    }
}

/// Words of the command line that are values of the log.
enum AuditWord {
    static func head(_ text: String) throws -> AuditHead {
        guard let head = AuditHead(noted: text) else {
            throw ValidationError("expected the number of a record, a colon and its hash, found \(text)")
        }
        return head
    }

    static func read<Word: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> Word {
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("expected one of \(known), found \(text)")
        }
        return word
    }
}
