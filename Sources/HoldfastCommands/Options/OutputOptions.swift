import ArgumentParser

/// How much a command says, and for whom.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print JSON, for programs.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print only what was asked for; errors are still reported.")
    var quiet = false

    func validate() throws {
        if json, quiet { throw ValidationError("--json and --quiet exclude each other; give one of them.") }
    }

    /// For remarks to a person, not for results: silent with --json and --quiet.
    func remark(_ text: String) throws {
        if !json, !quiet { try Output.standard.line(text) }
    }
}
