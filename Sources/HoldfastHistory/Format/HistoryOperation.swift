/// One operation of a client: its beginning and, if it was seen, its end.
public struct HistoryOperation: Sendable, Hashable {
    /// The number of its `invoke`.
    public var index: Int
    public var process: HistoryProcess
    public var client: String?
    public var f: String
    /// What was asked.
    public var asked: HistoryValue
    public var invoked: Int64
    /// Nil: its end was never seen. It may take effect at any later time, or never.
    public var completed: Int64?
    /// How it ended; `info` when that is not known.
    public var outcome: HistoryEvent.Kind = .info
    /// What was answered; what was asked, as long as nothing was.
    public var value: HistoryValue
    public var error: String?
    public var token: Int64?
    public var until: Int64?

    init(_ invocation: HistoryEvent) {
        index = invocation.index
        process = invocation.process
        client = invocation.client
        f = invocation.f
        asked = invocation.value
        invoked = invocation.time
        value = invocation.value
        token = invocation.token
        until = invocation.until
    }

    mutating func end(_ event: HistoryEvent) {
        outcome = event.type
        value = event.value
        error = event.error
        token = event.token ?? token
        until = event.until ?? until
        // An end that says nothing bounds nothing: the request may still be on its way.
        completed = event.type == .info ? nil : event.time
    }

    /// What it is about: the first part of its value.
    public var key: String { asked[0].text ?? asked.text ?? "" }
}

extension HistoryOperation: CustomStringConvertible {
    public var description: String {
        let who = client.map { "\($0) " } ?? ""
        let shown = token.map { " with token \($0)" } ?? ""
        let why = error.map { " (\($0))" } ?? ""
        return "\(who)\(f) \(value) \(outcome.rawValue)\(shown)\(why)"
    }
}

/// Something that was done to the system.
public struct HistoryFault: Sendable, Hashable {
    public var number: Int
    public var kind: String
    public var target: String
    public var detail: String
    public var began: Int64
    /// Nil: at once over, or never.
    public var ended: Int64?
    /// What was seen of it from outside; nil: nobody looked, or nothing was to be seen.
    public var confirmation: String?
}

extension HistoryFault: CustomStringConvertible {
    public var description: String { "\(kind) \(target)" + (detail.isEmpty ? "" : " (\(detail))") }
}
