import AdministrationService
import ArgumentParser
import Foundation
import HostTime

/// Single records of every kind, in the JSON of the interface over HTTP.
struct RecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Read, make, replace and delete single records: users, groups, profiles, devices and the others.",
        discussion: """
            KIND is one of \(RecordAccess.kinds.joined(separator: ", ")). The JSON, the rules and the audit entries \
            are those of the interface over HTTP; GET /admin/v1/openapi.json describes every field.

            Rights of users and profiles. \(RecordAccess.rightsInEffect)
            """,
        subcommands: [Get.self, List.self, Put.self, Delete.self])

    /// Which record.
    struct Name: ParsableArguments {
        @Argument(help: "\(RecordAccess.kinds.joined(separator: ", ")).", transform: RecordKind.read)
        var kind: String
        @Argument(help: "Its key: an MCPTT ID, a name; none for the policy, of which there is one.")
        var key: String?

        func validate() throws {
            guard (key == nil) == (kind == RecordAccess.policy) else {
                throw ValidationError(key == nil ? "expected the key of the record" : "the policy has no key")
            }
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Write one record, without its secrets.")
        @OptionGroup var store: StoreOptions
        @OptionGroup var acting: ActorOptions
        @OptionGroup var name: Name

        func run() async throws {
            try await AdminFailure.told {
                RecordText.show(try await RecordText.access(store, acting).get(name.kind, name.key))
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write all records of a kind that the administrator may see, one a line.")
        @OptionGroup var store: StoreOptions
        @OptionGroup var acting: ActorOptions
        @Option(help: "Only those of this organisation.")
        var organisation: String?
        @Argument(help: "\(RecordAccess.kinds.joined(separator: ", ")).", transform: RecordKind.read)
        var kind: String

        func validate() throws {
            if kind == RecordAccess.policy { throw ValidationError("there is one policy: `record get policy`") }
        }

        func run() async throws {
            try await AdminFailure.told {
                try await RecordText.access(store, acting).list(kind, organisation: organisation) { record in
                    try FileHandle.standardOutput.write(contentsOf: Data(record + [UInt8(ascii: "\n")]))
                }
            }
        }
    }

    struct Put: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a record of its JSON, or replace it whole; secrets that are left out stay as they are.",
            discussion: """
                The JSON is read from standard input, so that a password in it stands in no list of processes: \
                `euccs admin record put --config it/system.yaml --as admin profiles dispatcher < dispatcher.json`.
                """)
        @OptionGroup var store: StoreOptions
        @OptionGroup var acting: ActorOptions
        @Flag(help: "Say what the record would be, or what is wrong; change nothing.")
        var dryRun = false
        @Option(help: "A file with the JSON, instead of standard input.")
        var file: String?
        @OptionGroup var name: Name

        func run() async throws {
            try await AdminFailure.told {
                let access = try RecordText.access(store, acting)
                let body =
                    if let file {
                        try Data(contentsOf: URL(fileURLWithPath: file))
                    } else {
                        try FileHandle.standardInput.readToEnd() ?? Data()
                    }
                switch try await access.put(name.kind, name.key, Array(body), isDry: dryRun) {
                case .made: Terminal.show("made")
                case .replaced: Terminal.show("replaced")
                case .rehearsed(let record): RecordText.show(record)
                }
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a record that no other one needs.")
        @OptionGroup var store: StoreOptions
        @OptionGroup var acting: ActorOptions
        @OptionGroup var name: Name

        func run() async throws {
            try await AdminFailure.told {
                try await RecordText.access(store, acting).delete(name.kind, name.key)
                Terminal.show("deleted")
            }
        }
    }
}

/// Kinds of records as words of the command line.
enum RecordKind {
    static func read(_ text: String) throws -> String {
        guard RecordAccess.kinds.contains(text) else {
            throw ValidationError("expected one of \(RecordAccess.kinds.joined(separator: ", ")), found \(text)")
        }
        return text
    }
}

private enum RecordText {
    static func access(_ store: StoreOptions, _ acting: ActorOptions) throws -> RecordAccess {
        RecordAccess(try store.open().administration, as: acting.administrator) { SystemClock.now() }
    }

    /// For people to read and change: a member a line.
    static func show(_ record: [UInt8]) {
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let value = try? JSONSerialization.jsonObject(with: Data(record)),
            let text = try? JSONSerialization.data(withJSONObject: value, options: options)
        else { return Terminal.show(String(decoding: record, as: UTF8.self)) }
        Terminal.show(String(decoding: text, as: UTF8.self))
    }
}
