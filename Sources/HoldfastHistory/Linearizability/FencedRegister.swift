/// A value behind a fence: what a fenced resource is when one operation at a time is applied to it. Without tokens it
/// is a plain register.
public struct FencedRegister: SequentialModel {
    /// What is known of the register at one moment.
    public struct State: Sendable, Hashable {
        /// Nil: it may be any.
        public var value: HistoryValue?
        /// What the fence may be; one number where it is known.
        public var fence: ClosedRange<Int64>

        public init(value: HistoryValue = .null, fence: Int64 = 0) {
            self.value = value
            self.fence = fence...fence
        }

        private init() {
            value = nil
            fence = 0...Int64.max
        }

        /// Nothing is known: for a history whose beginning was left out. Steps narrow it down.
        public static let any = State()

        /// Nil: what was read contradicts what is known.
        func reading(_ value: HistoryValue) -> State? {
            guard self.value == nil || self.value == value else { return nil }
            var state = self
            state.value = value
            return state
        }

        /// After a step with this token was let pass; nil where the fence is above it.
        func passing(_ token: Int64?) -> State? {
            guard let token else { return self }
            guard fence.lowerBound <= token else { return nil }
            var state = self
            state.fence = fence.lowerBound...min(fence.upperBound, token)
            return state
        }

        /// After a step with this token was refused; nil where the fence is not above it.
        func refusing(_ token: Int64) -> State? {
            guard token < fence.upperBound else { return nil }
            var state = self
            state.fence = max(fence.lowerBound, token + 1)...fence.upperBound
            return state
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
        switch step {
        case .read(let value, let token): return state.passing(token)?.reading(value)
        case .raise(let value, let token):
            guard var after = state.passing(token) else { return nil }
            if let value {
                guard let read = after.reading(value) else { return nil }
                after = read
            }
            after.fence = token...token
            return after
        case .write(let value, let token):
            guard var after = state.passing(token) else { return nil }
            after.value = value
            if let token { after.fence = token...token }
            return after
        case .refused(let token): return state.refusing(token)
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
