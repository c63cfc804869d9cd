import HoldfastRuntime

/// What a link does to the bytes that pass.
struct LinkFault: Sendable, Hashable {
    enum Direction: Sendable { case request, reply }

    enum Treatment: Sendable, Equatable {
        case pass
        /// Each piece waits for a part of `limit` drawn at random.
        case delay(upTo: Duration)
        /// Until the link is healed.
        case hold
        case drop
    }

    /// One of those of the network.
    var kind: FaultSpec.Kind
    /// By how much `delay` delays at most.
    var delay: Duration = .zero

    /// Whether connections end at once, and none is made.
    var cuts: Bool { kind == .reset || kind == .refuse }

    func treatment(of direction: Direction) -> Treatment {
        switch (kind, direction) {
        case (.delay, _): .delay(upTo: delay)
        case (.stall, _), (.lateRequests, .request): .hold
        case (.dropRequests, .request), (.dropReplies, .reply): .drop
        default: .pass
        }
    }
}
