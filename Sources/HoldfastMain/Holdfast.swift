import HoldfastCommands

@main enum Holdfast { static func main() async { await HoldfastCommand.runAndExit() } }
