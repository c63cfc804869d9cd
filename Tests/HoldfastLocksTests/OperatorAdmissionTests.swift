import HoldfastCluster
import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastLocks

/// A majority forgets at once, and an operator brings the cluster back.
@Suite(.serialized, .timeLimit(.minutes(3))) struct OperatorAdmissionTests {
    private let name: LockName

    init() throws { name = try LockName("the lock") }

    /// Five nodes; tokens that only nodes 0, 1 and 2 know; and these then lose everything.
    private func withLostMajority(
        _ body: (LocalCluster, LockClusterConfiguration, _ last: FencingToken) async throws -> Void
    ) async throws {
        try await withTemporaryCluster(nodes: 5, stores: 0) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            _ = try await LockCluster.initialize(configuration, maximumTTL: .seconds(1))
            for index in 3...4 { await cluster.nodes[index].kill() }
            let locks = try await LockCluster.connect(configuration, patience: .seconds(20))
            var last = FencingToken(rawValue: 0)
            for _ in 0..<7 { last = try await locks.withLock(name, ttl: .seconds(1), wait: .forever) { $0.token } }
            await locks.close()
            for index in 3...4 { try await cluster.nodes[index].restart() }
            for index in 0...2 { try await cluster.nodes[index].restart(empty: true) }
            try await body(cluster, configuration, last)
        }
    }

    /// The first token that is issued when a majority votes again.
    private func nextToken(_ configuration: LockClusterConfiguration) async throws -> FencingToken {
        let locks = try await LockCluster.connect(configuration, patience: .seconds(60))
        do {
            let token = try await locks.withLock(name, ttl: .seconds(1), wait: .forever) { $0.token }
            await locks.close()
            return token
        } catch {
            await locks.close()
            throw error
        }
    }

    @Test func tokensGoOnGrowingAboveAFloorFromTheClock() async throws {
        try await withLostMajority { cluster, configuration, last in
            let stuck = await #expect(throws: LockError.self) {
                try await LockCluster.connect(configuration, patience: .seconds(1))
            }
            let reasons = String(describing: stuck)
            #expect(reasons.contains("it is blank: it may have forgotten leases and tokens"), "\(reasons)")
            #expect(reasons.contains("'holdfast cluster doctor' says what to do"), "\(reasons)")

            // Neither the survivors' word nor haste is enough.
            await #expect(throws: AdmissionError.self) {
                try await LockCluster.admit(0, of: configuration, floor: .fromOtherNodes, patience: .seconds(60))
            }
            try await cluster.nodes[1].restart(empty: true)
            let hasty = await #expect(throws: AdmissionError.self) {
                try await LockCluster.admit(1, of: configuration, floor: .fromClock)
            }
            guard case .tooEarly(_, let remaining) = hasty else {
                Issue.record("admitted too early: \(String(describing: hasty))")
                return
            }
            #expect(remaining > .zero && remaining <= .seconds(4))

            // Two at once, and once more: one admission.
            async let first = LockCluster.admit(1, of: configuration, floor: .fromClock, patience: .seconds(60))
            async let second = LockCluster.admit(1, of: configuration, floor: .fromClock, patience: .seconds(60))
            let both = try await [first, second]
            let again = try await LockCluster.admit(1, of: configuration, floor: .fromOtherNodes)
            #expect(again.votedBefore && again.floor == both.map(\.floor).max())
            #expect(again.voting >= 3 && again.majority == 3)
            #expect(both.allSatisfy { $0.floor > last.rawValue && $0.cluster.maximumTTL == .seconds(1) })
            #expect(try await nextToken(configuration) > FencingToken(rawValue: again.floor))
        }
    }

    @Test func withAFloorOfZeroATokenComesAgain() async throws {
        try await withLostMajority { _, configuration, last in
            // A wrong number of the operator's. The survivors never saw a token: their own marks cannot help.
            let wrong = try await LockCluster.admit(0, of: configuration, floor: .atLeast(0), patience: .seconds(60))
            #expect(wrong.floor < last.rawValue)
            #expect(try await nextToken(configuration) <= last, "the violation that a floor prevents")
            // The right one heals it on a node that votes, and others count from there.
            let right = try await LockCluster.admit(0, of: configuration, floor: .atLeast(1_000_000))
            #expect(right.votedBefore && right.floor == 1_000_000)
        }
    }

    @Test func whatCannotBeIsRefused() async throws {
        try await withTemporaryCluster(nodes: 3, stores: 0) { cluster in
            let configuration = try LockClusterConfiguration(urls: cluster.nodeURLs)
            func refusal(
                _ node: Int, _ nodes: LockClusterConfiguration, _ floor: AdmissionFloor = .fromClock
            ) async -> String {
                do throws(AdmissionError) {
                    let admission = try await LockCluster.admit(node, of: nodes, floor: floor)
                    return "admitted: \(admission)"
                } catch {
                    return "\(error)"
                }
            }
            let blank = await refusal(0, configuration)
            #expect(blank.contains("'holdfast cluster init'"), "\(blank)")
            _ = try await LockCluster.initialize(configuration, maximumTTL: .seconds(1))
            var swapped = configuration
            swapped.nodes.swapAt(0, 1)
            let moved = await refusal(0, swapped)
            #expect(moved.contains("it is node 1 of the cluster, but listed as node 0"), "\(moved)")
            let absent = await refusal(3, configuration)
            #expect(absent.contains("there is no node 3"), "\(absent)")
            let negative = await refusal(0, configuration, .atLeast(-1))
            #expect(negative.contains("2^52"), "\(negative)")
            await cluster.nodes[2].kill()
            let dead = await refusal(2, configuration)
            #expect(dead.hasPrefix("the node does not answer: 127.0.0.1:"), "\(dead)")
        }
    }

    // MARK: - The rule

    private let cluster = ClusterDescriptor(id: "c", nodes: 5, maximumTTL: .seconds(10))

    private func node(uptime: Duration, blankSince: Duration? = .zero) -> AdmissionRule.Node {
        var record = NodeRecord()
        if let blankSince { record.blank = ("new", blankSince) }
        return AdmissionRule.Node(record: record, index: 2, runID: "new", uptime: uptime, syncsEveryWrite: true)
    }

    @Test func anOperatorsNumberReplacesTheMajorityAndNothingElse() {
        func judge(_ node: AdmissionRule.Node, _ floor: Int64?, others: [Int64] = []) -> OperatorAdmission.Verdict {
            OperatorAdmission.judge(node, cluster: cluster, highs: [70, 3], otherHighs: others, floor: floor)
        }
        #expect(judge(node(uptime: .seconds(60)), 500) == .admit(floor: 500))
        #expect(judge(node(uptime: .seconds(60)), 5) == .admit(floor: 70), "never below what a node remembers")
        #expect(judge(node(uptime: .seconds(60)), nil, others: [1, 2, 3]) == .admit(floor: 70))
        #expect(judge(node(uptime: .seconds(5)), 500) == .tooEarly(.seconds(6) + .milliseconds(100)))
        #expect(judge(node(uptime: .seconds(60), blankSince: .seconds(58)), 500) == .tooEarly(.milliseconds(9100)))
        #expect(judge(node(uptime: .seconds(60), blankSince: nil), 500) == .notice)
        guard case .refused = judge(node(uptime: .seconds(60)), nil, others: [1, 2]) else {
            Issue.record("two others are no majority of five")
            return
        }
    }

    @Test func theRecordComesFromMostOfTheNodesThatShowOne() {
        func record(_ id: String, _ index: Int) -> (index: Int, record: NodeRecord) {
            var record = NodeRecord()
            record.descriptor = ClusterDescriptor(id: id, nodes: 5, maximumTTL: .seconds(10))
            record.index = index
            return (index, record)
        }
        func shown(_ records: [(index: Int, record: NodeRecord)]) -> String? {
            try? OperatorAdmission.descriptor(in: records, listed: 5).get().id
        }
        let blank = (index: 0, record: NodeRecord())
        #expect(shown([blank, record("c", 3)]) == "c")
        #expect(shown([record("d", 1), record("c", 3), record("c", 4)]) == "c")
        #expect(shown([record("d", 1), record("c", 3)]) == nil)
        #expect(shown([blank]) == nil)
        #expect(shown([(index: 2, record: record("c", 3).record)]) == nil, "at another place")
    }

    @Test func clocksGiveAFloorForACentury() {
        #expect(AdmissionFloor.value(at: WallTime(microseconds: 1_577_836_800_000_007)) == 7)
        #expect(AdmissionFloor.value(at: WallTime(microseconds: 0)) == nil)
        let year2160 = WallTime(microseconds: 5_995_814_400_000_000)
        #expect(AdmissionFloor.value(at: year2160).map { $0 < AdmissionFloor.maximum } == true)
        #expect(AdmissionFloor.value(at: WallTime(microseconds: 6_500_000_000_000_000)) == nil)
    }
}
