import HoldfastRedis
import HoldfastRuntime
import Testing

@testable import HoldfastJobs

/// The worker's loop as a value: no server, no time but what is told.
@Suite struct RosterTests {
    private func now(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    private func execution(_ id: String, timeout: String = "180", sentAt: Int64 = 0) throws -> Execution {
        let terms: [RedisReply] = [
            .bytes(Array(timeout.utf8)), .integer(1), .integer(1), .integer(0), .bytes(Array("500".utf8)),
        ]
        return Execution(
            queue: QueueName(unchecked: "q"), job: JobID(unchecked: "job-\(id)"), id: id, data: [], waited: nil,
            terms: try #require(Execution.Terms(.array(terms))), claimedAt: WallTime(microseconds: 1_000_000),
            sentAt: now(sentAt), lease: .seconds(15))
    }

    private func roster(_ concurrency: Int, _ change: (inout Roster.Limits) -> Void = { _ in }) -> Roster {
        var limits = Roster.Limits(concurrency: concurrency)
        change(&limits)
        return Roster(limits, now: now(0))
    }

    private func isTrip(_ step: Roster.Step, completing: Int, taking: Int) -> Bool {
        if case .trip(let completions, let take) = step {
            completions.count == completing && take == taking
        } else {
            false
        }
    }

    @Test func itTakesWhatItCanRunAndNothingAheadAtFirst() throws {
        var roster = roster(3)
        #expect(isTrip(roster.step(now(0)), completing: 0, taking: 3))
        roster.admit([try execution("1"), try execution("2")], now(1))
        #expect(roster.begin(now(1)).beginners.count == 2)
        #expect(isTrip(roster.step(now(1)), completing: 0, taking: 1))
        roster.queuesAreEmpty = true
        guard case .wait(nil) = roster.step(now(1)) else { return #expect(Bool(false), "nothing is to be done") }
    }

    @Test func anOutcomeOfAnIdleWorkerTravelsAtOnceAndOneOfABusyWorkerWaitsForOthers() throws {
        var roster = roster(1)
        let jobs = try (1...5).map { try execution("\($0)") }
        roster.admit(jobs, now(0))
        _ = roster.begin(now(0))
        // The runner goes on with the next that was taken ahead.
        #expect(roster.conclude(jobs[0], .success(nil), now(5)).next === jobs[1])
        guard case .wait(let deadline) = roster.step(now(5)) else { return #expect(Bool(false), "it lingers") }
        #expect(deadline == now(5).advanced(by: Roster.linger))
        #expect(roster.conclude(jobs[1], .success(nil), now(6)).next === jobs[2])
        #expect(isTrip(roster.step(now(7)), completing: 2, taking: 0), "the oldest has waited long enough")
        for index in 2...4 { _ = roster.conclude(jobs[index], .success(nil), now(8)) }
        #expect(isTrip(roster.step(now(8)), completing: 3, taking: 1), "the slot is free: no reason to wait")
    }

    @Test func anUnansweredOutcomeIsHeldRenewedAndSentAgain() throws {
        var roster = roster(1)
        let job = try execution("1")
        roster.admit([job], now(0))
        _ = roster.begin(now(0))
        _ = roster.conclude(job, .success(nil), now(1))
        guard case .trip(let batch, _) = roster.step(now(1)) else { return #expect(Bool(false), "it travels") }
        #expect(roster.known == ["1"] && roster.renewable.count == 1)
        roster.resend(batch)
        #expect(isTrip(roster.step(now(2)), completing: 1, taking: 1))
        roster.settle(job, now(3))
        #expect(roster.known.isEmpty && roster.renewable.isEmpty)
    }

    @Test func aShutdownGivesBackWhatHasNotBegunAndLetsTheOthersFinish() throws {
        var roster = roster(1)
        let jobs = try (1...3).map { try execution("\($0)") }
        roster.admit(jobs, now(0))
        _ = roster.begin(now(0))
        #expect(roster.requestShutdown(atOnce: false, now(1)).isEmpty)
        guard case .trip(let batch, 0) = roster.step(now(1)) else { return #expect(Bool(false), "at once") }
        #expect(batch.map(\.execution.id) == ["2", "3"])
        #expect(batch.allSatisfy { $0.outcome == .unfinished(begun: false) })
        for completion in batch { roster.settle(completion.execution, now(2)) }
        #expect(roster.conclude(jobs[0], .success(nil), now(3)).next == nil)
        guard case .trip(let last, 0) = roster.step(now(3)) else { return #expect(Bool(false), "at once") }
        #expect(last[0].outcome == .success(nil))
        roster.settle(jobs[0], now(4))
        guard case .end = roster.step(now(4)) else { return #expect(Bool(false), "all is done") }
        // What a take that was under way brings is given back as well.
        roster.admit([try execution("4")], now(5))
        #expect(roster.begin(now(5)).beginners.isEmpty)
        #expect(isTrip(roster.step(now(5)), completing: 1, taking: 0))
    }

    @Test func theFirstReasonToStopCounts() throws {
        var roster = roster(2)
        let jobs = [try execution("1", timeout: "1"), try execution("2")]
        roster.admit(jobs, now(0))
        _ = roster.begin(now(0))
        #expect(roster.alarm == now(1000))
        guard case .interruption(let late, .timedOut)? = roster.due(now(1000)).first else {
            return #expect(Bool(false), "its time is over")
        }
        #expect(late === jobs[0] && roster.alarm == now(15_000))
        #expect(roster.interrupt(late, .timedOut, now(1000))?.runner != nil)
        #expect(roster.interrupt(late, .leaseLost, now(1001)) == nil)
        #expect(roster.due(now(1002)).isEmpty)
        // Recorded although the handler goes on; its own outcome does not count any more.
        guard case .trip(let batch, _) = roster.step(now(1002)) else { return #expect(Bool(false), "it failed") }
        guard case .failure = batch[0].outcome else { return #expect(Bool(false), "it failed") }
        roster.settle(late, now(1003))
        #expect(roster.running.count == 2 && roster.renewable.map(\.id) == ["2"])
        #expect(roster.conclude(late, .success(nil), now(2000)).next == nil)
        #expect(roster.completions.isEmpty && roster.known == ["2"])
    }

    @Test func aHandlerThatDoesNotStopIsAbandonedAndHoldsItsSlot() throws {
        var roster = roster(1) { $0.unwinding = .milliseconds(50) }
        let job = try execution("1")
        roster.admit([job], now(0))
        _ = roster.begin(now(0))
        #expect(roster.requestShutdown(atOnce: true, now(1)).map(\.id) == ["1"])
        _ = roster.interrupt(job, .stopping, now(1))
        #expect(roster.alarm == now(51))
        guard case .patience? = roster.due(now(51)).first else { return #expect(Bool(false), "no patience is left") }
        roster.abandon(job, now(51))
        guard case .trip(let batch, 0) = roster.step(now(51)) else { return #expect(Bool(false), "it is given back") }
        #expect(batch[0].outcome == .unfinished(begun: true))
        roster.settle(job, now(52))
        guard case .wait = roster.step(now(52)) else { return #expect(Bool(false), "the handler still runs") }
        _ = roster.conclude(job, .success(nil), now(60))
        guard case .end = roster.step(now(60)) else { return #expect(Bool(false), "all is done") }
    }

    @Test func jobsThatWaitBehindSlowOnesAreGivenBack() throws {
        var roster = roster(1)
        roster.admit([try execution("1"), try execution("2")], now(0))
        _ = roster.begin(now(0))
        roster.relieve(now(900))
        #expect(roster.completions.isEmpty)
        roster.relieve(now(1001))
        #expect(roster.completions.map(\.outcome) == [.unfinished(begun: false)])
        #expect(roster.pace.ahead == 0)
    }

    /// This process stood still: what waited may run elsewhere by now. It is told and given up, once.
    @Test func whatWasTakenAheadIsNotBegunAfterItsLease() throws {
        var roster = roster(1)
        let jobs = try (1...3).map { try execution("\($0)") }
        roster.admit(jobs, now(0))
        #expect(roster.begin(now(0)).beginners.map(\.1.id) == ["1"])
        let end = roster.conclude(jobs[0], .success(nil), now(15_000))
        #expect(end.next == nil && end.news)
        let lost = [jobs[1], jobs[2]].map { WorkerEvent.leaseLost($0.info) }
        #expect(roster.takeUntold() == lost && roster.takeUntold().isEmpty)
        #expect(roster.completions.map(\.isTold) == [false, true, true])
        #expect(roster.completions.dropFirst().allSatisfy { $0.outcome == .unfinished(begun: false) })
        // The same for what a take brings whose answer was read late.
        roster.admit([try execution("4")], now(15_000))
        #expect(roster.begin(now(15_000)).beginners.isEmpty && roster.takeUntold().count == 1)
        let fresh = try execution("5", sentAt: 14_000)
        roster.admit([fresh], now(15_000))
        #expect(roster.begin(now(15_000)).beginners.map(\.1.id) == ["5"])
        // A lease that ends under a handler is told then, and not again with the outcome.
        #expect(roster.interrupt(fresh, .leaseExpired, now(29_000))?.event == .leaseLost(fresh.info))
        _ = roster.conclude(fresh, .success(nil), now(29_001))
        #expect(roster.completions.last?.isTold == true)
    }

    @Test func itEndsAfterItsJobsAndAfterItsIdleTime() throws {
        var counted = roster(4) { $0.maximumJobs = 1 }
        #expect(isTrip(counted.step(now(0)), completing: 0, taking: 1))
        let job = try execution("1")
        counted.admit([job], now(0))
        _ = counted.begin(now(0))
        guard case .wait = counted.step(now(0)) else { return #expect(Bool(false), "no second one") }
        _ = counted.conclude(job, .success(nil), now(1))
        #expect(isTrip(counted.step(now(1)), completing: 1, taking: 0))
        counted.settle(job, now(2))
        guard case .end = counted.step(now(2)) else { return #expect(Bool(false), "it has had its jobs") }

        var idle = roster(4) { $0.maximumIdle = .seconds(2) }
        idle.queuesAreEmpty = true
        guard case .wait(let end) = idle.step(now(100)) else { return #expect(Bool(false), "it waits") }
        #expect(end == now(2000))
        guard case .end = idle.step(now(2000)) else { return #expect(Bool(false), "it has been idle") }

        // Not before it has looked once.
        var hasty = roster(4) { $0.maximumIdle = .zero }
        #expect(isTrip(hasty.step(now(0)), completing: 0, taking: 4))
        hasty.queuesAreEmpty = true
        guard case .end = hasty.step(now(0)) else { return #expect(Bool(false), "nothing was there") }
    }

    @Test func slowJobsTakeNothingAheadAndFastOnesABoundedNumber() {
        var slow = Pace()
        slow.ran(.seconds(10))
        slow.travelled(.milliseconds(1), completed: 4, concurrency: 4)
        #expect(slow.ahead == 0)
        var fast = Pace()
        for _ in 0..<100 {
            fast.ran(.microseconds(10))
            fast.travelled(.milliseconds(1), completed: 4 + fast.ahead, concurrency: 4)
        }
        #expect((200...Pace.maximum).contains(fast.ahead), "4 slots begin 400 jobs of 10 us in a millisecond")
        // A machine that stands still is no reason to hoard.
        fast.travelled(.seconds(60), completed: 3, concurrency: 4)
        #expect(fast.ahead == 6)
    }

    @Test func ordersOfQueues() throws {
        let runtime = LiveRuntime()
        let queues = try ["a", "b", "c"].map { try QueueName($0) }
        func first(_ order: QueueOrder, _ count: Int) -> [String] {
            var rotation = QueueRotation(queues, order)
            return (0..<count).map { _ in
                let next = rotation.next(runtime)
                #expect(Set(next) == Set(queues))
                return next[0].text
            }
        }
        #expect(first(.strict, 3) == ["a", "a", "a"])
        #expect(first(.roundRobin, 4) == ["a", "b", "c", "a"])
        #expect(Set(first(.random, 200)) == ["a", "b", "c"])
        let weighted = first(.weighted([1000, 1, 1]), 500)
        #expect(weighted.filter { $0 == "a" }.count > 400)
    }
}
