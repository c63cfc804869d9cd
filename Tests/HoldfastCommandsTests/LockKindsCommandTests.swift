import HoldfastProcess
import Testing

/// The kinds of locks that `holdfast lock` can hold.
@Suite("Kinds of locks on the command line", .serialized, .timeLimit(.minutes(2)))
struct LockKindsCommandTests {
    private let wait = ["--", "sh", "-c", "echo in; cat"]

    @Test func readersShareAndAWriterIsRefused() async throws {
        try await withLockNodes { _, nodes in
            var reader = try await Running(["lock", "page", "--shared"] + nodes + wait)
            defer { reader.child.signal(.kill) }
            #expect(try await reader.line() == "in")
            let show = #"echo "${HOLDFAST_LOCK_TOKEN-none} $HOLDFAST_LOCK_READ_TOKEN""#
            let second = try await holdfast(["lock", "page", "--shared"] + nodes + ["--", "sh", "-c", show])
            #expect(second.status == .exited(0) && second.output == "none 0")
            let table = try await holdfast(["locks"] + nodes).output
            #expect(table.contains("shared"))
            let writer = try await holdfast(["lock", "page"] + nodes + ["--", "true"])
            #expect(writer.status == .exited(75))
            reader.input.close()
            #expect(try await reader.end().status == .exited(0))
            #expect(try await holdfast(["lock", "page"] + nodes + ["--", "true"]).status == .exited(0))
        }
    }

    @Test func slotsLetSoManyIn() async throws {
        try await withLockNodes { _, nodes in
            let options = ["lock", "page", "--slots", "2"] + nodes
            var first = try await Running(options + wait)
            defer { first.child.signal(.kill) }
            #expect(try await first.line() == "in")
            let show = #"echo "$HOLDFAST_LOCK_NAME $HOLDFAST_LOCK_SLOT""#
            let second = try await holdfast(options + ["--", "sh", "-c", show])
            #expect(second.output == "page#0 0" || second.output == "page#1 1", "\(second)")
            var other = try await Running(options + wait)
            defer { other.child.signal(.kill) }
            #expect(try await other.line() == "in")
            #expect(try await holdfast(options + ["--", "true"]).status == .exited(75))
            for running in [first, other] { running.input.close() }
            #expect(try await first.end().status == .exited(0))
            #expect(try await other.end().status == .exited(0))
        }
    }

    @Test func severalNamesAreLockedAtOnce() async throws {
        try await withLockNodes { _, nodes in
            let show = #"echo "$HOLDFAST_LOCK_NAME $HOLDFAST_LOCK_TOKEN""#
            let both = try await holdfast(["lock", "b", "--and", "a"] + nodes + ["--", "sh", "-c", show])
            #expect(both.output == "a\nb 1", "\(both)")
            var one = try await Running(["lock", "a"] + nodes + wait)
            defer { one.child.signal(.kill) }
            #expect(try await one.line() == "in")
            #expect(try await holdfast(["lock", "b", "--and", "a"] + nodes + ["--", "true"]).status == .exited(75))
            #expect(try await holdfast(["lock", "b"] + nodes + ["--", "true"]).status == .exited(0))
            one.input.close()
            #expect(try await one.end().status == .exited(0))
        }
    }

    @Test func aHoldEndsAtItsLimit() async throws {
        try await withLockNodes { _, nodes in
            let outcome = try await holdfast(
                ["lock", "page", "--hold-at-most", "300ms"] + nodes + ["--", "sleep", "1000"])
            #expect(outcome.status == .exited(76) && outcome.error.contains("as long as was allowed"), "\(outcome)")
        }
    }

    @Test func whatDoesNotGoTogetherIsSaid() async throws {
        try await withLockNodes { _, nodes in
            for options in [
                ["a", "--and", "b", "--shared"], ["a", "--and", "b", "--slots", "2"],
                ["a", "--shared", "--slots", "2"],
                ["a", "--slots", "0"], ["a", "--label", "a\nb"],
            ] {
                let outcome = try await holdfast(["lock"] + options + nodes + ["--", "true"])
                #expect(outcome.status == .exited(2) && !outcome.error.isEmpty, "\(options) \(outcome)")
            }
        }
    }
}
