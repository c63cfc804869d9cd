/// Why a run has no result.
public struct AgentError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        case model(ModelError)
        case cancelled
        /// A run id must be 1 to 200 bytes long.
        case badRunID(String)
    }

    public var kind: Kind
    /// What was done before, with the calls whose outcome is unknown.
    public var steps: [AgentStep]

    public var description: String {
        switch kind {
        case .model(let error): "\(error)"
        case .cancelled: "the run was cancelled"
        case .badRunID(let id): "run id \(String(reflecting: id)) refused: give 1 to \(Agent.longestRunID) bytes"
        }
    }
}
