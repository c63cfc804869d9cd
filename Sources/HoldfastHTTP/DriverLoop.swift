internal import CCurl
internal import DequeModule
internal import HoldfastRuntime

/// What the driver thread does: take commands, let libcurl work, report what finished, admit what waits, poll.
/// Everything in it is confined to that thread.
final class DriverLoop {
    private let driver: Driver
    private var active: [UInt64: Transfer] = [:]
    private var waiting: Deque<Ticket> = []

    init(_ driver: Driver) { self.driver = driver }

    func run() {
        while true {
            let (commands, isClosing) = driver.drain()
            for command in commands { obey(command) }
            if isClosing { break }
            admit()
            var running: Int32 = 0
            curl_multi_perform(driver.multi, &running)
            reap()
            expire()
            // Finished transfers made room: start the next ones before sleeping.
            if !waiting.isEmpty && active.count < driver.configuration.maxConcurrent { continue }
            curl_multi_poll(driver.multi, nil, 0, pollMilliseconds, nil)
        }
        for transfer in Array(active.values) { fail(transfer, .closed) }
        while let ticket = waiting.popFirst() { fail(ticket, .closed) }
        driver.end()
    }

    private func obey(_ command: Driver.Command) {
        switch command {
        case .start(let ticket): waiting.append(ticket)
        case .cancel(let id):
            if let transfer = active[id] {
                fail(transfer, .cancelled)
            } else if let index = waiting.firstIndex(where: { $0.id == id }) {
                fail(waiting.remove(at: index), .cancelled)
            }
        case .resume(let id):
            // May call the body callback at once, with the bytes that libcurl kept.
            if let transfer = active[id] { curl_easy_pause(transfer.easy, CURLPAUSE_CONT) }
        }
    }

    private func admit() {
        while active.count < driver.configuration.maxConcurrent, let ticket = waiting.popFirst() {
            let now = driver.runtime.now
            guard now < ticket.deadline else {
                fail(ticket, .timeout(.queue))
                continue
            }
            let transfer = Transfer(ticket, driver.configuration, now: now, statistics: driver.statistics)
            guard let transfer else {
                fail(ticket, .connect("libcurl refused the request's options or is out of memory"))
                continue
            }
            active[ticket.id] = transfer
            let code = curl_multi_add_handle(driver.multi, transfer.easy)
            precondition(code == CURLM_OK, "libcurl takes a new handle: \(String(cString: curl_multi_strerror(code)))")
        }
    }

    private func reap() {
        var code = CURLE_OK
        while let easy = holdfast_curl_multi_finished(driver.multi, &code) {
            let transfer = Transfer.of(easy)
            remove(transfer, transfer.result(code))
        }
    }

    private func expire() {
        let now = driver.runtime.now
        for transfer in Array(active.values) where transfer.hasStalled(now: now) { fail(transfer, .timeout(.stall)) }
        guard waiting.contains(where: { $0.deadline <= now }) else { return }
        let late = waiting.filter { $0.deadline <= now }
        waiting.removeAll { $0.deadline <= now }
        for ticket in late { fail(ticket, .timeout(.queue)) }
    }

    /// Until the next deadline that libcurl does not know of; it wakes for its own by itself.
    private var pollMilliseconds: Int32 {
        let now = driver.runtime.now
        var next = Duration.seconds(10)
        for transfer in active.values { next = min(next, now.duration(to: transfer.stallDeadline)) }
        for ticket in waiting { next = min(next, now.duration(to: ticket.deadline)) }
        return Int32(max(0, next.milliseconds + 1))
    }

    private func fail(_ ticket: Ticket, _ kind: HTTPError.Kind) {
        driver.finish(ticket, .failure(ticket.error(kind, outcome: .notSent)))
    }

    private func fail(_ transfer: Transfer, _ kind: HTTPError.Kind) {
        remove(transfer, .failure(transfer.ticket.error(kind, outcome: transfer.outcome)))
    }

    /// The handle is gone before the reader hears of the result.
    private func remove(_ transfer: Transfer, _ result: Result<Void, HTTPError>) {
        active[transfer.ticket.id] = nil
        curl_multi_remove_handle(driver.multi, transfer.easy)
        transfer.discard()
        driver.finish(transfer.ticket, result)
    }
}
