import CCurl
import Foundation
import HoldfastHTTP
import LocalHTTPServer
import Testing

/// A client for strangers' URLs reaches public addresses only.
@Suite(.timeLimit(.minutes(1))) struct AddressTests {
    private func isInternal(_ text: String) throws -> Bool {
        var (v4, v6) = (sockaddr_in(), sockaddr_in6())
        if inet_pton(AF_INET, text, &v4.sin_addr) == 1 {
            v4.sin_family = sa_family_t(AF_INET)
            return withUnsafePointer(to: &v4) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { holdfast_address_is_internal($0) == 1 }
            }
        }
        try #require(inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        v6.sin6_family = sa_family_t(AF_INET6)
        return withUnsafePointer(to: &v6) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { holdfast_address_is_internal($0) == 1 }
        }
    }

    @Test(arguments: [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.169.254",
        "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.168.255.255", "198.18.0.1", "224.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1", "2002:7f00:1::", "2001:db8::1", "2001::1", "fec0::1",
    ])
    func internalAddressesAreKnown(_ text: String) throws { #expect(try isInternal(text)) }

    @Test(arguments: [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
        "192.167.255.255", "192.169.0.0", "223.255.255.255", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1",
        "2002:101:101::",
    ])
    func publicAddressesAreKnown(_ text: String) throws { #expect(try !isInternal(text)) }

    @Test func nothingReachesAnInternalServerWhateverItsNameSays() async throws {
        try await LocalHTTPServer.run { _, responder in
            try await responder.answer(200)
        } _: { server in
            var configuration = HTTPConfiguration()
            configuration.allowsInternalAddresses = false
            let client = HTTPClient(configuration)
            for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0"] {
                await #expect(throws: HTTPError.self, "\(host)") {
                    try await client.send(HTTPRequest(.get, "http://\(host):\(server.port)/"))
                }
            }
            let error = await #expect(throws: HTTPError.self) { try await client.send(HTTPRequest(.get, server.url)) }
            #expect(error?.description.contains("its address is internal") == true && error?.outcome == .notSent)
            #expect(client.statistics.connectionsOpened == 0)
            await client.close()
        }
    }
}
