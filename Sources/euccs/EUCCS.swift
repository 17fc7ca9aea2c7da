import ArgumentParser

@main
struct EUCCS: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "euccs",
        abstract: "The open European Critical Communication System.",
        version: ProductVersion.text,
        subcommands: [
            ServeCommand.self, AdminCommand.self, LabCommand.self, ResponderCommands.self, SimulateCommand.self,
        ])
}
