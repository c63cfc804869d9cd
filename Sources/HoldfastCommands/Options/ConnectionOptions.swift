import ArgumentParser
import Foundation
import HoldfastCluster
import HoldfastProcess
import HoldfastRedis
import HoldfastRedisTLS

/// Where the servers are: their URLs, or the directory of a cluster that `holdfast cluster up` started.
struct ConnectionOptions: ParsableArguments {
    static let defaultDirectory = ".holdfast"

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The lock nodes' URLs, separated by commas.", discussion: "HOLDFAST_NODES if not given.",
            valueName: "url,url,…"))
    var nodes: String?

    @Option(
        name: .long,
        help: ArgumentHelp("The store's URL.", discussion: "HOLDFAST_STORE if not given.", valueName: "url"))
    var store: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The directory of a cluster on this machine, for what has no URL.",
            discussion: "HOLDFAST_DIR if not given, else \(defaultDirectory).", valueName: "dir"))
    var dir: String?

    @Option(
        help: ArgumentHelp(
            "For rediss:// URLs: trust only the authorities in this PEM file.",
            discussion: "The system's if not given.", valueName: "file"))
    var tlsCa: String?

    @Option(help: ArgumentHelp("For rediss:// URLs: this client's certificate, PEM.", valueName: "file"))
    var tlsCert: String?

    @Option(help: ArgumentHelp("For rediss:// URLs: its private key, PEM.", valueName: "file"))
    var tlsKey: String?

    func validate() throws {
        if (tlsCert == nil) != (tlsKey == nil) { throw ValidationError("--tls-cert and --tls-key go together.") }
    }

    /// How to reach these servers; with TLS if one of them wants it.
    ///
    /// - Throws: `RedisError` that names a certificate's file.
    func transport(to servers: [RedisConfiguration]) throws -> NIOTransport {
        NIOTransport(tls: try tlsProvider(for: servers))
    }

    /// What protects connections to these servers; nil when none of them wants it.
    ///
    /// - Throws: `RedisError` that names a certificate's file.
    func tlsProvider(for servers: [RedisConfiguration]) throws -> NIOTransport.TLSProvider? {
        guard servers.contains(where: \.secure) else { return nil }
        var tls = RedisTLS()
        if let tlsCa { tls.trust = .authorities(file: tlsCa) }
        if let tlsCert, let tlsKey { tls.identity = .init(certificateFile: tlsCert, keyFile: tlsKey) }
        return try tls.makeProvider()
    }

    /// These options again, for a process of this program; what may hold a password is in ``variables``, since
    /// everybody on the machine can read command lines.
    var arguments: [String] {
        [("--tls-ca", tlsCa), ("--tls-cert", tlsCert), ("--tls-key", tlsKey)].flatMap { option, value in
            value.map { [option, $0] } ?? []
        }
    }

    var variables: [String: String] {
        let all = [("HOLDFAST_NODES", nodes), ("HOLDFAST_STORE", store), ("HOLDFAST_DIR", dir)]
        return Dictionary(uniqueKeysWithValues: all.compactMap { name, value in value.map { (name, $0) } })
    }

    /// Whether an option or a variable says where the lock nodes are.
    var namesNodes: Bool {
        let variable = Environment.variable
        return given(nodes, "HOLDFAST_NODES", variable) != nil || given(dir, "HOLDFAST_DIR", variable) != nil
    }

    /// The lock nodes.
    ///
    /// - Throws: `RedisError` for a URL that is none, `CommandFailure` when nobody says where they are.
    func nodeConfigurations(variable: (String) -> String? = Environment.variable) throws -> [RedisConfiguration] {
        try nodeURLs(variable: variable).map { try RedisConfiguration(url: $0) }
    }

    /// The lock nodes' URLs.
    ///
    /// - Throws: `CommandFailure` when nobody says where they are.
    func nodeURLs(variable: (String) -> String? = Environment.variable) throws -> [String] {
        if let list = given(nodes, "HOLDFAST_NODES", variable) {
            let urls = list.split(separator: ",", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard !urls.isEmpty, !urls.contains("") else {
                throw CommandFailure("the list of nodes '\(list)' has an empty place; give url,url,…", code: .usage)
            }
            return urls
        }
        let urls = try runningCluster("lock nodes", option: "--nodes", variable).nodeURLs
        guard !urls.isEmpty else {
            throw CommandFailure("the cluster has no lock nodes; name some with --nodes", code: .unavailable)
        }
        return urls
    }

    /// The store.
    ///
    /// - Throws: `RedisError` for a URL that is none, `CommandFailure` when nobody says where it is.
    func storeConfiguration(variable: (String) -> String? = Environment.variable) throws -> RedisConfiguration {
        if let url = storeURL(variable: variable) { return try RedisConfiguration(url: url) }
        guard let url = try runningCluster("store", option: "--store", variable).storeURLs.first else {
            throw CommandFailure("the cluster has no store; name one with --store", code: .unavailable)
        }
        return try RedisConfiguration(url: url)
    }

    /// The store's URL, where an option or a variable names one; that of no cluster's.
    func storeURL(variable: (String) -> String? = Environment.variable) -> String? {
        given(store, "HOLDFAST_STORE", variable)
    }

    private func given(_ option: String?, _ name: String, _ variable: (String) -> String?) -> String? {
        if let option { return option }
        return variable(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    private func runningCluster(
        _ wanted: String, option: String, _ variable: (String) -> String?
    ) throws -> ClusterStatus {
        let directory = given(dir, "HOLDFAST_DIR", variable) ?? Self.defaultDirectory
        let status: ClusterStatus
        do { status = try LocalCluster.status(of: directory) } catch {
            if case .noCluster(let path) = error {
                throw CommandFailure(
                    "no \(wanted) given and no cluster in '\(path)'; "
                        + "give \(option), or start a cluster with 'holdfast cluster up --dir \(directory)'",
                    code: .unavailable)
            }
            throw error
        }
        guard status.members.contains(where: { $0.state != .down }) else {
            throw CommandFailure(
                "the cluster in '\(directory)' is down; start it with 'holdfast cluster up --dir \(directory)'",
                code: .unavailable)
        }
        return status
    }
}
