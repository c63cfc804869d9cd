internal import CCurl

/// A URL that libcurl's parser accepted, and the part of it that may be printed.
struct RequestURL: Sendable {
    static let longest = 8 << 10

    let text: String
    /// Without credentials, query and fragment.
    let printable: String

    init(_ text: String) throws(HTTPError) {
        func refuse(_ reason: String) -> HTTPError { HTTPError(.badURL(reason), url: "", outcome: .notSent) }
        // A NUL would end the text early for libcurl.
        if text.utf8.contains(0) { throw refuse("it contains NUL") }
        if text.utf8.count > Self.longest { throw refuse("it is longer than \(Self.longest) bytes") }
        guard let handle = curl_url() else { throw refuse("libcurl is out of memory") }
        defer { curl_url_cleanup(handle) }
        let code = curl_url_set(handle, CURLUPART_URL, text, 0)
        guard code == CURLUE_OK else { throw refuse(String(cString: curl_url_strerror(code))) }
        let scheme = Self.part(handle, CURLUPART_SCHEME) ?? ""
        guard scheme == "http" || scheme == "https" else { throw refuse("its scheme is \(scheme)") }
        guard let host = Self.part(handle, CURLUPART_HOST), !host.isEmpty else { throw refuse("it names no host") }
        self.text = text
        for secret in [CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY, CURLUPART_FRAGMENT] {
            curl_url_set(handle, secret, nil, 0)
        }
        printable = Self.part(handle, CURLUPART_URL) ?? "\(scheme)://\(host)"
    }

    private static func part(_ handle: OpaquePointer, _ part: CURLUPart) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, 0) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
