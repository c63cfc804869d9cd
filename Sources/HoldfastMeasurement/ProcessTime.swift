import Glibc

/// The processor time that this process has used, all its threads together.
public enum ProcessTime {
    /// Of the user's and of the kernel's work for it.
    public static var used: Duration {
        var usage = rusage()
        precondition(getrusage(RUSAGE_SELF.rawValue, &usage) == 0, "the kernel always knows its own process's usage")
        return span(usage.ru_utime) + span(usage.ru_stime)
    }

    private static func span(_ time: timeval) -> Duration {
        .seconds(time.tv_sec) + .microseconds(time.tv_usec)
    }
}
