import ArgumentParser
import HoldfastAgents
import HoldfastHTTP
import HoldfastProcess

/// `--model`: which model, by its kind and its file or name.
enum ModelChoice: ExpressibleByArgument, Equatable {
    case scripted(path: String)
    case openAI(name: String)

    init?(argument: String) {
        let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[1].isEmpty else { return nil }
        switch parts[0] {
        case "scripted": self = .scripted(path: parts[1])
        case "openai": self = .openAI(name: parts[1])
        default: return nil
        }
    }

    /// The model, ready to be asked.
    ///
    /// - Parameters:
    ///   - baseURL: nil is OpenAI's own.
    ///   - keyVariable: The variable that holds the API key; nil is `OPENAI_API_KEY` for OpenAI, and no key for any
    ///     other server: a key is not sent to where it was not meant for.
    func model(baseURL: String?, keyVariable: String?, client: HTTPClient) throws -> any Model {
        switch self {
        case .scripted(let path):
            return try ScriptedModel(path: path)
        case .openAI(let name):
            let variable = keyVariable ?? (baseURL == nil ? "OPENAI_API_KEY" : nil)
            let key = variable.flatMap { Environment.variable($0) }
            if let variable, key?.isEmpty != false {
                throw CommandFailure(
                    "the variable \(variable) holds no API key: set it, or name another one with --api-key-env",
                    code: .usage)
            }
            return OpenAIModel(
                name: name, baseURL: baseURL ?? OpenAIModel.defaultBaseURL, apiKey: key.map { APIKey($0) },
                client: client)
        }
    }
}
