import ArgumentParser

@main
struct EUCCS: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "euccs",
        abstract: "The open European Critical Communication System.",
        subcommands: [
            ServeCommand.self, AdminCommand.self, LabCommand.self, ResponderCommands.self, SimulateCommand.self,
        ])
}
