/// A value behind a fence: what a fenced resource is when one operation at a time is applied to it. Without tokens it
/// is a plain register.
public struct FencedRegister: SequentialModel {
    public struct State: Sendable, Hashable {
        public var value: HistoryValue
        public var fence: Int64

        public init(value: HistoryValue = .null, fence: Int64 = 0) {
            self.value = value
            self.fence = fence
        }
    }

    public enum Step: Sendable, Hashable {
        /// Found `value`.
        case read(HistoryValue, token: Int64?)
        /// Raised the fence, and found `value`; nil: what it found was not seen.
        case raise(HistoryValue?, token: Int64)
        case write(HistoryValue, token: Int64?)
        /// Was refused, which is only right when the fence is above `token`.
        case refused(token: Int64)
    }

    public init() {}

    public func apply(_ step: Step, to state: State) -> State? {
        func passes(_ token: Int64?) -> Bool { token.map { $0 >= state.fence } ?? true }
        switch step {
        case .read(let value, let token): return passes(token) && state.value == value ? state : nil
        case .raise(let value, let token):
            guard passes(token), value == nil || value == state.value else { return nil }
            return State(value: state.value, fence: max(token, state.fence))
        case .write(let value, let token):
            guard passes(token) else { return nil }
            return State(value: value, fence: max(token ?? 0, state.fence))
        case .refused(let token): return token < state.fence ? state : nil
        }
    }

    /// The step of an operation of a history; nil when it had no effect and tells nothing.
    static func step(_ operation: HistoryOperation) -> Step? {
        switch (operation.f, operation.outcome) {
        case (HistoryFunction.read, .ok): return .read(operation.value[1], token: operation.token)
        case (HistoryFunction.raise, .ok): return operation.token.map { .raise(operation.value[1], token: $0) }
        case (HistoryFunction.raise, .info): return operation.token.map { .raise(nil, token: $0) }
        case (HistoryFunction.write, .ok), (HistoryFunction.write, .info):
            return .write(operation.asked[1], token: operation.token)
        case (_, .fail):
            guard let token = operation.token, operation.error?.hasPrefix("stale") == true else { return nil }
            return .refused(token: token)
        default: return nil
        }
    }
}
