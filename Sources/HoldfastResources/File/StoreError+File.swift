import Glibc

extension StoreError {
    /// What the kernel said.
    init(_ failure: FileFailure, _ outcome: Outcome) {
        let code: Code =
            switch failure.errno {
            case ENOSPC, EDQUOT, EFBIG: .full
            case EACCES, EPERM, EROFS: .denied
            case ENOENT, ENOTDIR: .unreachable
            case EMFILE, ENFILE, ENOMEM: .overloaded
            default: .failed
            }
        let reason = String(cString: strerror(failure.errno))
        self.init(code, outcome, "\(failure.call) failed: \(reason)", at: failure.path)
    }
}
