import HoldfastRuntime
import NIOCore
import Testing

@testable import HoldfastRedis

@Suite struct OutboxTests {
    private func isQueued(_ admission: Outbox.Admission, schedule: Bool) -> Bool {
        if case .queued(let wanted) = admission { wanted == schedule } else { false }
    }

    @Test func onlyTheFirstAppenderSchedulesAndABatchTakesAll() {
        var outbox = Outbox(maximumOutstanding: 10, maximumBytes: 100)
        #expect(isQueued(outbox.append([1], suffix: nil, .nobody), schedule: true))
        #expect(isQueued(outbox.append([2], suffix: [3], .nobody), schedule: false))
        var batch = ByteBuffer()
        var waiters = outbox.waiters
        waiters.removeAll()
        #expect(outbox.takeBatch(into: &batch, &waiters))
        #expect(Array(batch.readableBytesView) == [1, 2, 3] && waiters.count == 2)
        var empty = ByteBuffer()
        #expect(!outbox.takeBatch(into: &empty, &waiters))
        #expect(isQueued(outbox.append([4], suffix: nil, .nobody), schedule: true))
    }

    @Test func boundsCommandsAndBytes() {
        var outbox = Outbox(maximumOutstanding: 2, maximumBytes: 4)
        _ = outbox.append([1, 2, 3, 4, 5, 6], suffix: nil, .nobody)
        guard case .full = outbox.append([1], suffix: nil, .nobody) else { return #expect(Bool(false), "bytes") }
        var batch = ByteBuffer()
        var waiters = outbox.waiters
        _ = outbox.takeBatch(into: &batch, &waiters)
        _ = outbox.append([1], suffix: nil, .nobody)
        guard case .full = outbox.append([1], suffix: nil, .nobody) else { return #expect(Bool(false), "commands") }
        let isParked = outbox.park(Promise())
        #expect(isParked)
        let woken = outbox.settle(1)
        #expect(woken.count == 1, "half of the bound is free again")
        #expect(outbox.outstanding == 1)
    }

    @Test func closedRefusesAndGivesBackWhoWaits() {
        var outbox = Outbox(maximumOutstanding: 1, maximumBytes: 4)
        _ = outbox.append([1], suffix: nil, .nobody)
        let isParked = outbox.park(Promise())
        #expect(isParked)
        let (queued, parked) = outbox.close(RedisError(.disconnected, .notSent, "gone"))
        #expect(queued.count == 1 && parked.count == 1)
        guard case .closed = outbox.append([1], suffix: nil, .nobody) else { return #expect(Bool(false), "open") }
        let isParkedAgain = outbox.park(Promise())
        #expect(!isParkedAgain, "nobody would ever wake it")
    }
}

@Suite struct BackoffTests {
    private struct Full: Runtime {
        var now: Instant { Instant(nanoseconds: 0) }
        var wallTime: WallTime { WallTime(microseconds: 0) }
        func sleep(until deadline: Instant) async throws {}
        func randomBits() -> UInt64 { .max }
    }

    @Test func doublesUpToItsLimitAndStartsAgain() {
        var backoff = Backoff(first: .milliseconds(50), maximum: .milliseconds(150))
        let pauses = (0..<4).map { _ in backoff.next(Full()).seconds }
        for (pause, limit) in zip(pauses, [0.05, 0.1, 0.15, 0.15]) { #expect(abs(pause - limit) < 1e-6) }
        backoff.reset()
        #expect(abs(backoff.next(Full()).seconds - 0.05) < 1e-6)
    }

    @Test func zeroIsNoPermissionToSpin() {
        var backoff = Backoff(first: .zero, maximum: .zero)
        #expect(backoff.next(Full()) > .zero)
    }
}

@Suite struct WatchdogTests {
    private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }
    private var dog: Watchdog {
        Watchdog(commandTimeout: .seconds(10), idleCheckInterval: .seconds(30), now: at(0))
    }

    @Test func anUnansweredCommandMeansDeathAfterItsTimeout() {
        var dog = self.dog
        #expect(dog.look(at: at(9), answerDue: true) == .lookAgain(after: .seconds(1)))
        #expect(dog.look(at: at(10), answerDue: true) == .dead(silentFor: .seconds(10)))
        dog.heard(at: at(10))
        #expect(dog.look(at: at(11), answerDue: true) == .lookAgain(after: .milliseconds(2500)))
        dog.grace = .seconds(60)
        #expect(dog.look(at: at(79), answerDue: true) == .lookAgain(after: .seconds(1)))
    }

    /// In push mode no command is ever unanswered: silence after the question is all there is to see.
    @Test func silenceAfterAQuestionMeansDeath() {
        var dog = self.dog
        #expect(dog.look(at: at(29), answerDue: false) == .lookAgain(after: .seconds(1)))
        #expect(dog.look(at: at(30), answerDue: false) == .ask(lookAgainAfter: .milliseconds(2500)))
        #expect(dog.look(at: at(39), answerDue: false) == .lookAgain(after: .seconds(1)))
        #expect(dog.look(at: at(40), answerDue: false) == .dead(silentFor: .seconds(10)))
    }

    @Test func anySignOfLifeAnswersTheQuestion() {
        var dog = self.dog
        _ = dog.look(at: at(30), answerDue: false)
        dog.heard(at: at(31))
        #expect(dog.look(at: at(60), answerDue: false) == .lookAgain(after: .seconds(1)))
        #expect(dog.look(at: at(61), answerDue: false) == .ask(lookAgainAfter: .milliseconds(2500)))
    }
}

@Suite struct HandshakeTests {
    private func verdict(_ replies: [RedisReply], password: String? = nil) -> RedisError? {
        var configuration = RedisConfiguration(address: .unix(path: "/x"))
        configuration.password = password
        var handshake = Handshake(configuration, scripts: [])
        for reply in replies {
            if case .refused(let error) = handshake.receive(reply) { return error }
        }
        return nil
    }

    @Test func refusalsSaySo() {
        #expect(verdict([.error("NOAUTH Authentication required.")])?.message.contains("wants a password") == true)
        #expect(verdict([.bytes(Array("hello".utf8))])?.message.contains("run_id") == true)
        #expect(verdict([.integer(1)])?.code == .handshakeRefused)
        #expect(verdict([.bytes(Array(ImpostorServer.infoText.utf8))]) == nil)
    }

    @Test func aServersEchoOfThePasswordIsNotRepeated() {
        let echo = RedisReply.error("ERR unknown command 'AUTH', with args beginning with: 's3cret'")
        let error = verdict([echo], password: "s3cret")
        #expect(error?.code == .handshakeRefused)
        #expect(error?.message.contains("s3cret") == false)
    }
}

@Suite(.timeLimit(.minutes(1))) struct PromiseTests {
    @Test func theFirstResolutionWinsAndKnowsIt() async throws {
        let promise = Promise<Int>()
        #expect(promise.resolve(.success(1)))
        #expect(!promise.resolve(.success(2)))
        #expect(try await promise.wait(onCancel: RedisError(.cancelled, .notSent, "")) == 1)
    }

    @Test func aCancelledWaiterLeavesAtOnceAndTheLateValueIsDropped() async {
        let promise = Promise<Int>()
        let task = Task { try await promise.wait(onCancel: RedisError(.cancelled, .notSent, "")) }
        task.cancel()
        let result = await task.result
        #expect(throws: RedisError(.cancelled, .notSent, "")) { try result.get() }
        #expect(!promise.resolve(.success(1)), "whoever owns what was promised must clean it up")
    }
}

@Suite struct SubscriptionsTests {
    private let channel = Array("c".utf8)

    /// The first answer belongs to a listener that is gone; between it and the third, messages are lost.
    @Test func onlyTheLastAnswerEstablishesAChannel() {
        var subscriptions = Subscriptions<String>()
        let first = subscriptions.add("first", to: channel)
        #expect(first.request == .subscribe(channel))
        subscriptions.sent(.subscribe(channel))
        #expect(subscriptions.remove(first.id, from: channel) == .unsubscribe(channel))
        subscriptions.sent(.unsubscribe(channel))
        #expect(subscriptions.add("second", to: channel).request == .subscribe(channel))
        subscriptions.sent(.subscribe(channel))

        #expect(subscriptions.confirmed(.subscribe(channel)) == [])
        #expect(!subscriptions.isEstablished(channel))
        #expect(subscriptions.confirmed(.unsubscribe(channel)) == [])
        #expect(subscriptions.confirmed(.subscribe(channel)) == ["second"])
        #expect(subscriptions.isEstablished(channel))
    }

    @Test func aSecondListenerAsksForNothing() {
        var subscriptions = Subscriptions<String>()
        let first = subscriptions.add("first", to: channel)
        let second = subscriptions.add("second", to: channel)
        #expect(second.request == nil)
        #expect(subscriptions.remove(first.id, from: channel) == nil)
        #expect(subscriptions.remove(first.id, from: channel) == nil, "twice is once")
        #expect(subscriptions.remove(second.id, from: channel) == .unsubscribe(channel))
    }

    @Test func aNewConnectionIsAskedForAllAndOwesNothing() {
        var subscriptions = Subscriptions<String>()
        _ = subscriptions.add("first", to: channel)
        subscriptions.sent(.subscribe(channel))
        #expect(subscriptions.connected() == [.subscribe(channel)])
        #expect(subscriptions.confirmed(.subscribe(channel)) == nil, "nothing was sent on this connection")
    }

    @Test func aRefusalEndsTheListenersOfItsChannelOnly() {
        var subscriptions = Subscriptions<String>()
        _ = subscriptions.add("first", to: channel)
        _ = subscriptions.add("other", to: [1])
        subscriptions.sent(.subscribe(channel))
        subscriptions.sent(.subscribe([1]))
        #expect(subscriptions.refused()?.listeners == ["first"])
        #expect(subscriptions.confirmed(.subscribe([1])) == ["other"])
        #expect(subscriptions.refused() == nil)
    }
}
