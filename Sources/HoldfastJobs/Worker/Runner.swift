/// A task of the worker that runs one handler after the other. A task cannot be cancelled for one handler only, so the
/// one whose handler is interrupted ends after it, and another takes its place.
final class Runner: Sendable {
    let interrupted = OneShot<Void>()
}
