import Foundation

extension JobPayload {
    /// The arguments of a call, each as the JSON text that the producer wrote: no number is rounded on the way.
    public struct Call: Sendable, Hashable {
        /// A JSON array.
        public let arguments: [UInt8]
        /// A JSON object.
        public let keywords: [UInt8]
    }

    /// - Throws: ``JobsError`` with `unreadable` when the payload has not RQ's shape.
    public func call() throws(JobsError) -> Call {
        _ = try function()
        // Foundation judges the syntax of the whole; the places of the four elements are then easily found.
        guard let whole = try? JSONSerialization.jsonObject(with: Data(json)) as? [Any], whole.count == 4,
            whole[2] is [Any], whole[3] is [String: Any], let parts = JSONParts.elements(json[...]), parts.count == 4
        else {
            throw JobsError(.unreadable, "the job's data is not RQ's [function, null, arguments, keywords] in JSON")
        }
        return Call(arguments: Array(parts[2]), keywords: Array(parts[3]))
    }
}
