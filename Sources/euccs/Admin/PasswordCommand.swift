import Administration
import ArgumentParser
import Foundation
import HostTime
import MCFoundation
import NationalAdministration

/// The password by which an administrator logs in at the interface for administration.
struct PasswordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password",
        abstract: "Set the password by which an administrator logs in over HTTP; his sessions there end.",
        discussion: """
            The password is the first line of standard input, so that it stands in no list of processes and no history: \
            `euccs admin password --config it/system.yaml --as admin < file`.
            """)
    @OptionGroup var store: StoreOptions
    @OptionGroup var acting: ActorOptions
    @Argument(help: "Whose; left out: of the one in whose name it is done.")
    var administrator: String?

    func run() async throws {
        try await AdminFailure.told {
            let name = administrator ?? acting.administrator
            let administration = try store.open().administration
            guard let password = readLine(strippingNewline: true), !password.isEmpty else {
                throw NationError("expected the password in the first line of standard input")
            }
            if let objection = await administration.fleet.policy.password.objection(to: password, of: name) {
                throw NationError(objection)
            }
            guard let verifier = PasswordWork.verifier(of: password) else {
                throw NationError("no verifier can be made of the password")
            }
            let request = FleetRequest.setPassword(.administrator(name), verifier)
            try await administration.perform(request, by: acting.administrator, at: SystemClock.now().utc)
            Terminal.show("done")
        }
    }
}
