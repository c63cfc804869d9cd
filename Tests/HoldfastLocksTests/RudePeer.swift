import Glibc
import Synchronization

/// Something that listens where a lock node should: it answers whatever comes with fixed bytes, or never.
final class RudePeer: Sendable {
    enum Manner: Sendable {
        /// Takes connections and says nothing.
        case silent
        /// Answers everything with these bytes, and stays.
        case says(String)
        /// Greets as a Redis server, and then answers every command with these bytes.
        case pretends(String)
    }

    let port: Int
    private let listener: Int32
    private let isOver = Atomic<Bool>(false)

    init(_ manner: Manner) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        guard bound else { throw Failure() }
        port = Int(UInt16(bigEndian: address.sin_port))
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(peer: listener, manner: manner))
        let started = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().accept() }
                return nil
            }, work.toOpaque())
        guard started == 0 else { throw Failure() }
        pthread_detach(thread)
    }

    struct Failure: Error {}

    var url: String { "redis://127.0.0.1:\(port)" }

    func close() {
        guard !isOver.exchange(true, ordering: .sequentiallyConsistent) else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
    }

    /// One connection at a time is enough for one client; a new one replaces the last.
    private final class Work {
        let peer: Int32
        let manner: Manner

        init(peer: Int32, manner: Manner) {
            self.peer = peer
            self.manner = manner
        }

        func accept() {
            while true {
                let connection = Glibc.accept(peer, nil, nil)
                if connection < 0 { return }
                serve(connection)
                Glibc.close(connection)
            }
        }

        private func serve(_ connection: Int32) {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            var isGreeted = false
            while read(connection, &buffer, buffer.count) > 0 {
                let answer: String
                switch manner {
                case .silent: continue
                case .says(let text): answer = text
                case .pretends(let text):
                    let info = "redis_version:7.0.15\r\nrun_id:\(String(repeating: "a", count: 40))\r\n"
                    answer = isGreeted ? text : "$\(info.utf8.count)\r\n\(info)\r\n"
                    isGreeted = true
                }
                let bytes = Array(answer.utf8)
                if send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) < 0 { return }
            }
        }
    }
}
