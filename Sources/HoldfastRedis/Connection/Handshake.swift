/// What a fresh connection says before its owner may use it, as a value: commands to send at once, in one batch,
/// and the judgement over their replies.
struct Handshake {
    enum Verdict {
        case pending
        case ready(ServerInfo, scripts: [String])
        case refused(RedisError)
    }

    private enum Step {
        case authenticate
        case select(Int)
        case name
        case info
        case script(RedisScript)
    }

    private let steps: [Step]
    let commands: [[UInt8]]
    private let server: String
    private let password: String?
    private var answered = 0
    private var info: ServerInfo?
    private var digests: [String] = []

    init(_ configuration: RedisConfiguration, scripts: [RedisScript]) {
        server = configuration.address.description
        password = configuration.password
        var steps: [Step] = []
        var commands: [[UInt8]] = []
        if let password = configuration.password {
            steps.append(.authenticate)
            let user = configuration.username.map { [RedisArgument($0)] } ?? []
            commands.append(RESPEncoder.encode("AUTH", user + [RedisArgument(password)]))
        }
        if configuration.database != 0 {
            steps.append(.select(configuration.database))
            commands.append(RESPEncoder.encode("SELECT", [RedisArgument(configuration.database)]))
        }
        if let name = configuration.clientName {
            steps.append(.name)
            commands.append(RESPEncoder.encode("CLIENT", ["SETNAME", RedisArgument(name)]))
        }
        steps.append(.info)
        commands.append(RESPEncoder.encode("INFO", ["server"]))
        for script in scripts {
            steps.append(.script(script))
            commands.append(RESPEncoder.encode("SCRIPT", ["LOAD", RedisArgument(script.source)]))
        }
        self.steps = steps
        self.commands = commands
    }

    mutating func receive(_ reply: RedisReply) -> Verdict {
        precondition(answered < steps.count, "a handshake got more replies than it asked for")
        let step = steps[answered]
        answered += 1
        switch (step, reply) {
        case (.authenticate, .error(let text)):
            // Servers quote the arguments of a command that they do not know.
            let shown = password.map { $0.isEmpty ? text : text.replacing($0, with: "…") } ?? text
            return refuse("the credentials were refused (\(shown)): check user and password")
        case (.select(let number), .error(let text)): return refuse("database \(number) was refused: \(text)")
        case (.name, .error(let text)): return refuse("the client name was refused: \(text)")
        case (.info, .error(let text)) where text.hasPrefix("NOAUTH"):
            return refuse("the server wants a password: give one in the URL")
        case (.info, .error(let text)): return refuse("INFO was refused: \(text)")
        case (.info, _):
            guard let info = reply.text.flatMap({ ServerInfo(info: $0) }) else {
                return refuse("it answers, but not as a Redis server: INFO gave no run_id")
            }
            self.info = info
        case (.script(let script), .error(let text)): return refuse("the script \(script.name) was refused: \(text)")
        case (.script(let script), _):
            guard let digest = reply.text else { return refuse("SCRIPT LOAD gave no digest") }
            script.learn(digest)
            digests.append(digest)
        case (.authenticate, _), (.select, _), (.name, _): break
        }
        guard answered == steps.count, let info else { return .pending }
        return .ready(info, scripts: digests)
    }

    private func refuse(_ message: String) -> Verdict {
        .refused(RedisError(.handshakeRefused, .notSent, message, server: server))
    }
}
