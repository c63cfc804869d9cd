/// What an object does when one operation at a time is applied to it.
public protocol SequentialModel: Sendable {
    associatedtype State: Hashable, Sendable
    associatedtype Step: Sendable

    /// The state after `step`; nil when the step, with the answer that it got, cannot happen in `state`.
    func apply(_ step: Step, to state: State) -> State?
}

/// A step with its place in real time.
public struct TimedStep<Step: Sendable>: Sendable {
    public var step: Step
    public var began: Int64
    /// Nil: it may take effect at any later time, or never.
    public var ended: Int64?

    public init(_ step: Step, began: Int64, ended: Int64?) {
        self.step = step
        self.began = began
        self.ended = ended
    }
}
