import CHiredis
import NIOCore

/// Cuts a byte stream into replies. Confined to its connection's strand.
struct ReplyDecoder: ~Copyable {
    struct Malformed: Error { let message: String }

    private let reader: OpaquePointer

    /// - Parameter maximumReplyBytes: A single reply that is longer on the wire breaks the stream.
    init(maximumReplyBytes: Int) {
        guard let reader = hf_reader_create(maximumReplyBytes) else {
            preconditionFailure("out of memory for a reply reader")
        }
        self.reader = reader
    }

    deinit { hf_reader_free(reader) }

    /// Takes `bytes` and hands each completed reply to `deliver`, in order.
    /// - Throws: ``Malformed`` when the stream is no RESP or a reply exceeds the bound. The decoder is then unusable.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ deliver: (ReplyCursor) -> Void) throws(Malformed) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let slice = UnsafeRawBufferPointer(rebasing: rest.prefix(Int(HF_FEED_LIMIT)))
            rest = rest.dropFirst(slice.count)
            guard hf_reader_feed(reader, slice.baseAddress, slice.count) == 0 else { throw malformed }
            try deliverComplete(deliver)
        }
    }

    private func deliverComplete(_ deliver: (ReplyCursor) -> Void) throws(Malformed) {
        while true {
            switch hf_reader_next(reader) {
            case 0: return
            case 1:
                var count = 0
                guard let tokens = hf_reader_tokens(reader, &count), count > 0 else { throw malformed }
                deliver(ReplyCursor(tokens: tokens, bytes: hf_reader_bytes(reader)))
                hf_reader_reset(reader)
            default: throw malformed
            }
        }
    }

    private var malformed: Malformed { Malformed(message: String(cString: hf_reader_error(reader))) }
}
