import HoldfastRedis

/// Who asks the nodes for a step, and gets their answers, each once.
protocol Asking: AnyObject, Sendable {
    var nodes: [LockNode] { get }

    func receive(_ reply: NodeReply, phase: Int, from node: Int)

    /// Whether a node that did not know the script is to be asked again.
    func stillWants(_ request: RoundRequest) -> Bool

    /// A node was asked again, behind whatever was sent to it meanwhile.
    func wasSent(_ request: RoundRequest, lateTo node: Int)
}

/// Requests that travel in one call, and the way of each node's answers back to who asked.
final class Dispatch: ReplySink {
    struct Step: Sendable {
        let round: any Asking
        let request: RoundRequest
        /// All nodes when nil.
        let targets: [Int]?

        init(_ round: any Asking, _ request: RoundRequest, to targets: [Int]? = nil) {
            self.round = round
            self.request = request
            self.targets = targets
        }
    }

    /// An answer that is known without asking. It is delivered where no lock is held: it may set the next request off.
    struct Refusal {
        let steps: [Step]
        let reply: NodeReply
        let node: Int

        func deliver() { for step in steps { step.round.receive(reply, phase: step.request.phase, from: node) } }
    }

    private let steps: [Step]
    private let record: RedisArgument
    private let bySource: Bool

    /// - Precondition: There is a step, and several travel together.
    init(_ steps: [Step], _ record: RedisArgument, bySource: Bool = false) {
        self.steps = steps
        self.record = record
        self.bySource = bySource
    }

    private var nodes: [LockNode] { steps[0].round.nodes }

    /// Hands the call to the connections of nodes, and adds those answers to `refused` that are known at once.
    /// - Parameter holding: See ``RedisClient/queue(_:suffix:onlyTo:to:tag:holding:)``.
    func submit(to nodes: some Sequence<LockNode>, holding: Bool, _ refused: inout [Refusal]) {
        // Not kept until the answers come: the connections have copies.
        let encoded =
            steps.count == 1
            ? steps[0].request.encode(bySource: bySource)
            : RoundRequest.encode(together: steps.map(\.request), record: record, bySource: bySource)
        for node in nodes { submit(encoded, to: node, holding: holding, &refused) }
    }

    /// What needs a vote reaches no other incarnation than the one that was found to have it; the rest goes to the node
    /// in any case.
    private func submit(_ encoded: [UInt8], to node: LockNode, holding: Bool, _ refused: inout [Refusal]) {
        let needsVote = steps.contains(where: \.request.withRunID)
        let vote = node.votingRunID
        let refusal: NodeReply?
        if needsVote, vote == nil {
            refusal = node.connectionError.map { .error($0) } ?? .notVoting
        } else {
            let suffix = needsVote || steps.count > 1 ? vote?.encoded ?? Self.noRunID : nil
            refusal = node.client.queue(
                encoded, suffix: suffix, onlyTo: needsVote ? vote?.text : nil, to: self, tag: node.index,
                holding: holding
            ).map { .error($0) }
        }
        guard let refusal else { return }
        let others = needsVote ? steps.filter { !$0.request.withRunID } : []
        let lost = others.isEmpty ? steps : steps.filter(\.request.withRunID)
        refused.append(Refusal(steps: lost, reply: refusal, node: node.index))
        if !others.isEmpty {
            Dispatch(others, record, bySource: bySource).submit(to: [node], holding: holding, &refused)
        }
    }

    private static let noRunID = RedisCommand.encodeArgument("")

    func receive(_ outcome: ReplyOutcome, tag node: Int) {
        switch outcome {
        case .failed(let error): answerAll(.error(error), node)
        case .reply(let cursor) where cursor.kind == .error:
            let reply = NodeReply(cursor, server: nodes[node].client.server)
            if case .error(let error) = reply, error.serverPrefix == "NOSCRIPT" { return askAgain(node, reply) }
            answerAll(reply, node)
        case .reply(let cursor) where steps.count == 1:
            answer(steps[0], NodeReply(cursor, server: nodes[node].client.server), node)
        case .reply(let cursor) where cursor.kind == .array && cursor.value == steps.count:
            var place = 0
            cursor.forEachElement { element in
                answer(steps[place], NodeReply(element, server: nodes[node].client.server), node)
                place += 1
            }
        case .reply(let cursor):
            let text = "\(steps.count) steps, but the reply \(cursor.materialized())"
            answerAll(.error(RedisError(.unexpectedReply, .answered, text, server: nodes[node].client.server)), node)
        }
    }

    private func answer(_ step: Step, _ reply: NodeReply, _ node: Int) {
        step.round.receive(reply, phase: step.request.phase, from: node)
    }

    private func answerAll(_ reply: NodeReply, _ node: Int) { for step in steps { answer(step, reply, node) } }

    /// The node has forgotten the script: it is sent along, for those who still want to know.
    private func askAgain(_ node: Int, _ reply: NodeReply) {
        var wanted: [Step] = []
        for step in steps {
            if !bySource, step.round.stillWants(step.request) { wanted.append(step) } else { answer(step, reply, node) }
        }
        guard !wanted.isEmpty else { return }
        var refused: [Refusal] = []
        Dispatch(wanted, record, bySource: true).submit(to: [nodes[node]], holding: false, &refused)
        for refusal in refused { refusal.deliver() }
        // A round may have been decided meanwhile, and its release be ahead of this.
        for step in wanted { step.round.wasSent(step.request, lateTo: node) }
    }
}
