import HoldfastRedis
import HoldfastRuntime

/// What one node told when it was examined, without any judgement.
struct NodeFacts: Sendable {
    struct Clock: Sendable, Hashable {
        /// The node's time less this machine's, at the middle of the question.
        var ahead: Duration
        /// Half of the round trip: the offset is off by that much at most.
        var uncertainty: Duration
    }

    struct Census: Sendable, Hashable {
        struct Oddity: Sendable, Hashable {
            var key: String
            var what: String
        }

        var locks = 0
        var counters = 0
        /// The first ones.
        var odd: [Oddity] = []
        /// False when there were too many keys to look at all.
        var isComplete = false
    }

    let index: Int
    let configuration: RedisConfiguration
    /// Nobody answered as a Redis server; nothing else is known then.
    var failure: RedisError?
    /// It stopped answering while it was examined: what follows is incomplete.
    var interruption: RedisError?
    var server: ServerInfo?
    /// The fields of INFO's sections; empty where it is forbidden.
    var info: [String: String] = [:]
    /// Settings by name; nil where CONFIG is forbidden.
    var settings: [String: String]?
    var roundTrips: [Duration] = []
    /// When the examination began, and when it ended.
    var clocks: [Clock] = []
    var record: NodeRecord?
    /// Why there is no record to read: another type of key, no permission.
    var recordFailure: RedisError?
    /// The record's fields are there but make no sense.
    var isRecordDamaged = false
    var evictionHazard: String?
    var syncsEveryWrite = false
    var census: Census?
    /// Commands that the scripts need and this user may not call.
    var denied: [String] = []
    var scriptFailure: RedisError?

    init(index: Int, configuration: RedisConfiguration) {
        self.index = index
        self.configuration = configuration
    }

    func number(_ field: String) -> Int64? { info[field].flatMap { Int64($0) } }

    var isLoopback: Bool {
        switch configuration.address {
        case .unix: true
        case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
        }
    }

    /// The best of the readings at the beginning.
    var clock: Clock? { clocks.first }

    /// The same in `redis-cli`.
    func shell(_ command: String) -> String {
        var place: String
        switch configuration.address {
        case .tcp(let host, let port): place = "-h \(host) -p \(port)"
        case .unix(let path): place = "-s '\(path)'"
        }
        if configuration.secure { place += " --tls" }
        if let user = configuration.username { place += " --user '\(user)'" }
        if configuration.password != nil { place += " --askpass" }
        return "redis-cli \(place) \(command)"
    }
}
