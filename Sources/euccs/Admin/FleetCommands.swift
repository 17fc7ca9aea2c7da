import Administration
import ArgumentParser
import FleetFiles
import Foundation
import HostTime
import MCFoundation
import NationalAdministration

/// Many users and groups at once, all or nothing.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take in users and groups from CSV or YAML files, all or nothing.")
    @OptionGroup var store: StoreOptions
    @OptionGroup var acting: ActorOptions
    @Option(help: "CSV of users.")
    var users: String?
    @Option(help: "CSV of groups.")
    var groups: String?
    @Option(help: "YAML with the tables together.")
    var fleet: String?
    @Flag(help: "Say what would change, and every mistake; change nothing.")
    var dryRun = false

    func validate() throws {
        guard users != nil || groups != nil || fleet != nil else {
            throw ValidationError("expected --users, --groups or --fleet")
        }
        guard fleet == nil || (users == nil && groups == nil) else {
            throw ValidationError("expected either --fleet or tables of their own")
        }
    }

    func run() async throws {
        try await AdminFailure.told {
            let administration = try store.open().administration
            do {
                let tables = try read()
                let prepared = try await administration.prepare(tables, by: acting.administrator)
                var plan = prepared.plan
                if !dryRun {
                    plan = try await administration.carryOut(
                        prepared, making: PasswordWork.making(for: plan), at: SystemClock.now().utc)
                }
                let verb = dryRun ? "would be" : "were"
                Terminal.show(
                    "\(plan.created) \(verb) made, \(plan.changed) \(verb) changed, \(plan.unchanged) are so already")
            } catch let errors as ImportErrors {
                for error in errors.errors { Terminal.complain("\(file(of: error)): \(error)") }
                Terminal.complain("\(errors.errors.count) mistakes; nothing was changed")
                throw ExitCode(2)
            }
        }
    }

    private func read() throws -> [FleetTable] {
        var files = TableFiles()
        if let fleet { files.take(yaml: try Self.octets(fleet)) }
        if let users { files.take(csv: try Self.octets(users), .users) }
        if let groups { files.take(csv: try Self.octets(groups), .groups) }
        return try files.tables()
    }

    private static func octets(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    private func file(of error: ImportError) -> String {
        let table =
            switch error.table {
            case .users: users
            case .groups: groups
            case nil: String?.none
            }
        return fleet ?? table ?? ""
    }
}

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write users or groups as CSV or YAML, without secrets; it can be imported again.")
    @OptionGroup var store: StoreOptions
    @Argument(help: "users, groups, or fleet for the tables together.")
    var kind: ExportedKind
    @Option(help: "csv or yaml; the tables together are YAML.")
    var format: TableFormat?
    @Option(help: "Only those of this organisation.")
    var organisation: String?

    func validate() throws {
        if kind == .fleet, format == .csv { throw ValidationError("CSV holds one table: expected users or groups") }
    }

    func run() async throws {
        try await AdminFailure.told {
            let administration = try store.open().administration
            let octets =
                if let table = kind.table, format != .yaml {
                    await administration.export(table, organisation: organisation)
                } else {
                    FleetExport.yaml(
                        kind.table.map { [$0] } ?? FleetTable.Kind.allCases, of: await administration.fleet,
                        organisation: organisation)
                }
            FileHandle.standardOutput.write(Data(octets))
        }
    }
}

/// The kinds of tables, as words of the command line.
enum ExportedKind: String, ExpressibleByArgument, CaseIterable {
    case users, groups, fleet

    /// nil for all of them.
    var table: FleetTable.Kind? {
        switch self {
        case .users: .users
        case .groups: .groups
        case .fleet: nil
        }
    }
}

enum TableFormat: String, ExpressibleByArgument, CaseIterable {
    case csv, yaml
}

struct SuspendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend", abstract: "A user is nobody from now on: his devices are let go, his calls end.")
    @OptionGroup var store: StoreOptions
    @OptionGroup var acting: ActorOptions
    @Argument(help: "MCPTT ID.")
    var user: String

    func run() async throws { try await FleetChangeCommand.carryOut(.setSuspended(user: user, true), store, acting) }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "A suspended user may come back.")
    @OptionGroup var store: StoreOptions
    @OptionGroup var acting: ActorOptions
    @Argument(help: "MCPTT ID.")
    var user: String

    func run() async throws { try await FleetChangeCommand.carryOut(.setSuspended(user: user, false), store, acting) }
}

/// Members of one group.
struct MemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member",
        abstract: "Put a user into a group, change his priority there, or take him out. What else his entry says stays."
    )
    @OptionGroup var store: StoreOptions
    @OptionGroup var acting: ActorOptions
    @Option(help: "MCPTT group ID.")
    var group: String
    @Option(help: "0 to 255; by default as it is, of a new member 0.")
    var priority: UInt8?
    @Flag(help: "Take him out.")
    var remove = false
    @Argument(help: "MCPTT ID.")
    var user: String

    func run() async throws {
        let request: FleetRequest =
            remove
            ? .removeMember(group: group, user: user)
            : .addMember(group: group, user: user, priority: priority)
        try await FleetChangeCommand.carryOut(request, store, acting)
    }
}

struct OrganisationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "organisation", abstract: "Make an organisation of the nation, or take one away.")
    @OptionGroup var store: StoreOptions
    @OptionGroup var acting: ActorOptions
    @Option(help: "Name for people; by default the key.")
    var name: String?
    @Option(help: "Key of the organisation that it is a part of.")
    var parent: String?
    @Flag(help: "Take it away; nobody may belong to it.")
    var remove = false
    @Argument(help: "Key: letters, digits and -_.@")
    var key: String

    func run() async throws {
        let country = try await AdminFailure.told { try await store.open().administration.nation.country }
        let request: FleetRequest =
            remove
            ? .delete(.organisation, key: key)
            : .create(
                .organisation(OrganisationRecord(id: key, name: name ?? key, country: country, parent: parent)))
        try await FleetChangeCommand.carryOut(request, store, acting)
    }
}

enum FleetChangeCommand {
    static func carryOut(_ request: FleetRequest, _ store: StoreOptions, _ acting: ActorOptions) async throws {
        try await AdminFailure.told {
            let decision = try await store.open().administration.perform(
                request, by: acting.administrator, at: SystemClock.now().utc)
            Terminal.show(decision.changes.isEmpty ? "it is so already" : "done")
        }
    }
}
