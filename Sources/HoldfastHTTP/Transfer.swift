internal import CCurl
internal import HoldfastRuntime

/// One libcurl easy handle at work. Only the driver thread touches it; libcurl's callbacks run there too, inside
/// curl_multi_perform and curl_easy_pause.
final class Transfer {
    let ticket: Ticket
    let easy: UnsafeMutableRawPointer
    private let statistics: StatisticsBox
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let reason: UnsafeMutablePointer<CChar>
    /// 1 when an internal address was not connected to.
    private let refusedAddress: UnsafeMutablePointer<CInt>

    private var parser: HeadParser
    private let bodyLimit: Int
    private let redirectLimit: Int
    private var bodyBytes = 0
    private var hasBegun = false
    /// Why a callback stopped the transfer.
    private var refusal: HTTPError.Kind?

    private let stallTimeout: Duration
    private var lastProgress: Int64 = -1
    private(set) var stallDeadline: Instant

    /// Fails when libcurl has no memory.
    init?(_ ticket: Ticket, _ configuration: HTTPConfiguration, now: Instant, statistics: StatisticsBox) {
        guard let easy = curl_easy_init() else { return nil }
        self.ticket = ticket
        self.easy = easy
        self.statistics = statistics
        reason = .allocate(capacity: Int(CURL_ERROR_SIZE))
        reason.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        refusedAddress = .allocate(capacity: 1)
        refusedAddress.initialize(to: 0)
        parser = HeadParser(limit: configuration.headerLimit)
        bodyLimit = ticket.request.bodyLimit ?? configuration.bodyLimit
        let follows = ticket.request.method == .get || ticket.request.method == .head
        redirectLimit = follows ? max(0, configuration.maxRedirects) : 0
        stallTimeout = configuration.stallTimeout
        stallDeadline = now.advanced(by: stallTimeout)
        statistics.change { $0.openHandles += 1 }
        guard configure(configuration, now: now) else {
            discard()
            return nil
        }
    }

    /// Frees everything libcurl holds for the transfer. The multi handle must have let go of it.
    func discard() {
        let opened = Int(holdfast_curl_connections(easy))
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        reason.deallocate()
        refusedAddress.deallocate()
        statistics.change {
            $0.openHandles -= 1
            $0.connectionsOpened += opened
        }
    }

    private func configure(_ configuration: HTTPConfiguration, now: Instant) -> Bool {
        let context = Unmanaged.passUnretained(self).toOpaque()
        let request = ticket.request
        guard let lines = Self.headerList(request, userAgent: configuration.userAgent) else { return false }
        headerList = lines
        var codes = [
            holdfast_curl_set_no_signal(easy),
            holdfast_curl_set_quick_exit(easy),
            holdfast_curl_set_error_buffer(easy, reason),
            holdfast_curl_set_private(easy, context),
            holdfast_curl_set_url(easy, ticket.url.text),
            holdfast_curl_set_protocols(easy, "http,https"),
            holdfast_curl_set_redirect_protocols(easy, "http,https"),
            holdfast_curl_set_follow_redirects(easy, redirectLimit),
            holdfast_curl_set_headers(easy, headerList),
            holdfast_curl_set_decode_content(easy),
            holdfast_curl_set_connect_timeout(easy, configuration.connectTimeout.curlMilliseconds),
            holdfast_curl_set_total_timeout(easy, now.duration(to: ticket.deadline).curlMilliseconds),
            holdfast_curl_set_verify_tls(easy, configuration.verifiesTLS ? 1 : 0),
            holdfast_curl_set_hide_proxy_headers(easy),
            holdfast_curl_set_write(easy, onBody, context),
            holdfast_curl_set_header(easy, onHeader, context),
        ]
        if let file = configuration.certificateAuthorities { codes.append(holdfast_curl_set_ca_file(easy, file)) }
        if !configuration.usesProxyFromEnvironment { codes.append(holdfast_curl_set_proxy(easy, "")) }
        if !configuration.allowsInternalAddresses {
            codes += [holdfast_curl_set_proxy(easy, ""), holdfast_curl_set_public_only(easy, refusedAddress)]
        }
        if !request.isRepeatable { codes.append(holdfast_curl_set_fresh_connection(easy)) }
        codes.append(contentsOf: configureMethod(request))
        return codes.allSatisfy { $0 == CURLE_OK }
    }

    private func configureMethod(_ request: HTTPRequest) -> [CURLcode] {
        if request.method == .head { return [holdfast_curl_set_head(easy)] }
        let sendsLength = [.post, .put, .patch].contains(request.method)
        guard let body = request.body ?? (sendsLength ? [] : nil) else {
            return request.method == .get ? [] : [holdfast_curl_set_method(easy, request.method.rawValue)]
        }
        return body.withUnsafeBytes { bytes in
            [
                holdfast_curl_set_body(easy, bytes.baseAddress, Int64(bytes.count)),
                holdfast_curl_set_method(easy, request.method.rawValue),
            ]
        }
    }

    /// The caller's header lines, and lines that switch off what libcurl would add: a form content type and the
    /// "Expect: 100-continue" that costs a second with servers that ignore it.
    private static func headerList(
        _ request: HTTPRequest, userAgent: String?
    ) -> UnsafeMutablePointer<curl_slist>? {
        var lines = request.headers.fields.map(\.line)
        if request.headers["Expect"] == nil { lines.append("Expect:") }
        if request.headers["Content-Type"] == nil { lines.append("Content-Type:") }
        if let userAgent, request.headers["User-Agent"] == nil { lines.append("User-Agent: \(userAgent)") }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = curl_slist_append(list, line) else {
                curl_slist_free_all(list)
                return nil
            }
            list = longer
        }
        return list
    }
}

// ---- what libcurl reports

extension Transfer {
    static func of(_ easy: UnsafeMutableRawPointer) -> Transfer {
        guard let context = holdfast_curl_private(easy) else { preconditionFailure("every easy handle has a transfer") }
        return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }

    /// Returns what libcurl wants: the count of bytes taken; anything else fails the transfer.
    fileprivate func receivedHeader(_ line: UnsafeRawBufferPointer) -> Int {
        switch parser.feed(line) {
        case .more: break
        case .tooLong:
            refusal = .tooLarge(.headers(bytes: parser.limit))
            return line.count == 0 ? 1 : 0
        case .complete where !hasBegun:
            let status = Int(holdfast_curl_response_code(easy))
            let isFollowed = redirectLimit > 0 && (300..<400).contains(status) && parser.headers["Location"] != nil
            if status >= 200 && !isFollowed { begin() }
        case .complete: break  // trailers of a chunked body
        }
        return line.count
    }

    private func begin() {
        hasBegun = true
        ticket.exchange.begin(HTTPHead(status: Int(holdfast_curl_response_code(easy)), headers: parser.headers))
    }

    fileprivate func receivedBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        if !hasBegun { begin() }
        guard bodyBytes + bytes.count <= bodyLimit else {
            refusal = .tooLarge(.body(bytes: bodyLimit))
            return bytes.count == 0 ? 1 : 0
        }
        let (taken, waiting) = ticket.exchange.offer(bytes)
        statistics.change {
            if !taken { $0.pauses += 1 }
            $0.peakBuffered = max($0.peakBuffered, waiting)
        }
        // Paused bytes are kept by libcurl and come again: they count when they are taken.
        guard taken else { return holdfast_curl_write_pause() }
        bodyBytes += bytes.count
        return bytes.count
    }

    /// The transfer's result, once libcurl says that it is over.
    func result(_ code: CURLcode) -> Result<Void, HTTPError> {
        if code == CURLE_OK {
            if hasBegun { return .success(()) }
            // libcurl is content with a connection that ends inside the head; a caller must not take it for an answer.
            guard parser.isComplete else {
                return .failure(ticket.error(.connectionLost("it ended inside the headers"), outcome: outcome))
            }
            begin()
            return .success(())
        }
        return .failure(ticket.error(refusal ?? kind(of: code), outcome: outcome))
    }

    var outcome: HTTPError.Outcome { holdfast_curl_request_size(easy) == 0 ? .notSent : .outcomeUnknown }

    private func kind(of code: CURLcode) -> HTTPError.Kind {
        let detail = reason.pointee == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: reason)
        return switch code {
        case CURLE_URL_MALFORMAT: .badURL(detail)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve(detail)
        case CURLE_COULDNT_CONNECT where refusedAddress.pointee == 1:
            .connect("its address is internal, and this client may only reach public ones")
        case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_INTERFACE_FAILED: .connect(detail)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_INITFAILED:
            .tls(detail)
        case CURLE_OPERATION_TIMEDOUT: .timeout(holdfast_curl_ready_time(easy) == 0 ? .connect : .total)
        case CURLE_TOO_MANY_REDIRECTS: .tooManyRedirects(limit: redirectLimit)
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE: .connectionLost(detail)
        default: .protocolViolation(detail)
        }
    }
}

// ---- stalls

extension Transfer {
    /// Whether nothing came or went for the stall timeout. Connecting has its own timeout, and time in which the
    /// reader holds the body back is not the network's fault.
    func hasStalled(now: Instant) -> Bool {
        let progress =
            Int64(bodyBytes + parser.bytes + holdfast_curl_request_size(easy)) + holdfast_curl_uploaded(easy)
        if progress != lastProgress || holdfast_curl_ready_time(easy) == 0 || ticket.exchange.isPaused {
            lastProgress = progress
            stallDeadline = now.advanced(by: stallTimeout)
        }
        return now >= stallDeadline
    }
}

private let onBody: holdfast_curl_data_callback = { bytes, size, count, context in
    guard let context else { return 0 }
    let data = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receivedBody(data)
}

private let onHeader: holdfast_curl_data_callback = { bytes, size, count, context in
    guard let context else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receivedHeader(line)
}

extension Duration {
    /// Rounded up to a whole millisecond: 0 would mean "no limit" to libcurl. Beyond 24 days it stops growing.
    fileprivate var curlMilliseconds: Int {
        Int(min(max((nanoseconds.addingReportingOverflow(999_999).0) / 1_000_000, 1), Int64(Int32.max)))
    }
}
