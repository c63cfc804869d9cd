import Testing

@testable import HoldfastLocks

@Suite struct AdmissionRuleTests {
    private let cluster = ClusterDescriptor(id: "c", nodes: 5, maximumTTL: .seconds(10))

    private func node(
        admitted: String? = "old", prepared: String? = nil, durable: Bool = false, syncs: Bool = false,
        uptime: Duration = .seconds(1), known: Bool = true, blankSince: Duration? = .zero
    ) -> AdmissionRule.Node {
        var record = NodeRecord()
        if !known, let blankSince { record.blank = ("new", blankSince) }
        if known {
            record.descriptor = cluster
            record.index = 2
            record.admitted = admitted
        }
        record.prepared = prepared
        record.durable = durable
        return AdmissionRule.Node(record: record, index: 2, runID: "new", uptime: uptime, syncsEveryWrite: syncs)
    }

    private func judge(_ node: AdmissionRule.Node, _ highs: [Int64]) -> AdmissionRule.Verdict {
        AdmissionRule.judge(node, cluster: cluster, otherHighs: highs)
    }

    @Test func theAdmittedIncarnationVotes() {
        #expect(judge(node(admitted: "new"), []) == .voting)
    }

    @Test func aRestartWithProvenDataVotesAtOnceWithTheOthersFloor() {
        #expect(judge(node(durable: true, syncs: true), []) == .admit(floor: 0))
        #expect(judge(node(durable: true, syncs: true), [4, 9, 2]) == .admit(floor: 9))
    }

    /// Its counters may have been evicted while nobody looked; its mark, in the record, says what they had reached.
    @Test func aRestartWithProvenDataIssuesNothingBelowItsOwnMark() {
        var whole = node(durable: true, syncs: true)
        whole.record.high = 12
        #expect(judge(whole, []) == .admit(floor: 12))
        #expect(judge(whole, [4, 9, 2]) == .admit(floor: 12))
        #expect(judge(whole, [4, 19, 2]) == .admit(floor: 19))
    }

    @Test func durabilityMustHaveHeldBothThenAndNow() {
        for node in [node(durable: true, syncs: false), node(durable: false, syncs: true)] {
            guard case .wait = judge(node, [1, 1, 1]) else { Issue.record("\(node) was let in"); return }
        }
    }

    @Test func aForgetfulNodeWaitsForItsUptimeAndForAMajorityOfOthers() {
        guard case .wait = judge(node(uptime: .seconds(10), known: false), [5, 6, 7]) else {
            Issue.record("uptime equal to the maximum TTL is not enough")
            return
        }
        guard case .wait = judge(node(uptime: .seconds(60), known: false), [5, 6]) else {
            Issue.record("two others are no majority of five")
            return
        }
        #expect(judge(node(uptime: .seconds(60), known: false), [5, 7, 6]) == .admit(floor: 7))
    }

    @Test func aFlushedNodeWaitsFromWhenItWasNoticedHoweverLongItHasBeenUp() {
        let up = Duration.seconds(100_000)
        #expect(judge(node(uptime: up, known: false, blankSince: nil), [5, 6, 7]) == .notice)
        guard case .wait = judge(node(uptime: up, known: false, blankSince: up - .seconds(9)), [5, 6, 7]) else {
            Issue.record("FLUSHALL forgets without a restart")
            return
        }
        #expect(judge(node(uptime: up, known: false, blankSince: up - .seconds(60)), [5, 6, 7]) == .admit(floor: 7))
        var restarted = node(uptime: .seconds(60), known: false)
        restarted.record.blank = ("old", .zero)
        #expect(judge(restarted, [5, 6, 7]) == .notice, "noticed in another incarnation")
    }

    @Test func aServerThatIsListedTwiceIsOneVoter() {
        let record = node(admitted: "new").record
        #expect(AdmissionRule.votes(record, index: 2, runID: "new", in: cluster))
        #expect(!AdmissionRule.votes(record, index: 3, runID: "new", in: cluster), "its second listing")
        #expect(!AdmissionRule.votes(record, index: 2, runID: "newer", in: cluster))
    }

    @Test func aPreparedIncarnationThatWasRestartedIsTreatedAsForgetful() {
        #expect(judge(node(admitted: nil, prepared: "new"), []) == .admit(floor: 0))
        guard case .wait = judge(node(admitted: nil, prepared: "old"), []) else {
            Issue.record("init wrote the record in another incarnation")
            return
        }
    }

    @Test func othersClustersSizesAndPlacesAreForeign() {
        var other = node()
        other.record.descriptor?.id = "d"
        guard case .foreign = judge(other, []) else { Issue.record("another cluster's node"); return }
        var smaller = node()
        smaller.record.descriptor?.nodes = 3
        guard case .foreign = judge(smaller, []) else { Issue.record("another size"); return }
        var moved = node()
        moved.record.index = 1
        guard case .foreign = judge(moved, []) else { Issue.record("another place"); return }
    }
}
