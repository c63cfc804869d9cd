import NIOCore
import NIOSSL

/// Says in plain words why a TLS handshake failed or a TLS stream broke.
enum TLSFailure {
    static func sentence(for error: any Error) -> String {
        switch error {
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            return
                "the server's certificate does not name this host: give the name that it shows as the TLS server name"
        case NIOSSLError.unableToValidateCertificate, NIOSSLError.noCertificateToValidate: return untrusted
        case NIOSSLError.failedToLoadPrivateKey: return "the client's key does not belong to the certificate"
        case NIOSSLError.uncleanShutdown: return "the server closed the connection"
        case NIOSSLError.handshakeFailed(let cause): return sentence(for: cause)
        case BoringSSLError.sslError(let stack), BoringSSLError.unknownError(let stack): return sentence(for: stack)
        default: return "TLS failed: \(error)"
        }
    }

    private static let untrusted =
        "the server's certificate is not trusted: no authority that this client trusts vouches for it"

    private static func sentence(for stack: NIOBoringSSLErrorStack) -> String {
        let text = stack.map(\.description).joined(separator: "; ")
        for (mark, sentence) in known where text.contains(mark) { return sentence }
        return "TLS failed: \(text)"
    }

    private static let known: [(mark: String, sentence: String)] = [
        ("CERTIFICATE_VERIFY_FAILED", untrusted),
        ("ALERT_CERTIFICATE_REQUIRED", "the server wants a certificate from this client: give an identity"),
        (
            "SSLV3_ALERT_HANDSHAKE_FAILURE",
            "the server refused the TLS handshake; it may want a certificate from this client"
        ),
        ("ALERT_UNKNOWN_CA", "the server does not trust this client's certificate"),
        ("ALERT_BAD_CERTIFICATE", "the server does not accept this client's certificate"),
        ("ALERT_CERTIFICATE_EXPIRED", "this client's certificate has expired"),
        ("WRONG_VERSION_NUMBER", "the server does not speak TLS"),
        ("KEY_VALUES_MISMATCH", "the key does not belong to the certificate"),
        ("EOF during handshake", "the server broke the TLS handshake off"),
    ]
}

/// Gives what stands above it a sentence in place of NIOSSL's errors.
final class TLSErrorHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            context.fireErrorCaught(Failure(description: TLSFailure.sentence(for: error)))
        default: context.fireErrorCaught(error)
        }
    }
}
