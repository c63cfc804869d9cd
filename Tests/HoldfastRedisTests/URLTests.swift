import Testing

@testable import HoldfastRedis

@Suite struct URLTests {
    @Test func readsWhatIsGood() throws {
        let full = try RedisConfiguration(url: "redis://us%40er:p%3Aw%2F%40%23@db.example:7000/3?client_name=me")
        #expect(full.address == .tcp(host: "db.example", port: 7000))
        #expect(full.username == "us@er" && full.password == "p:w/@#")
        #expect(full.database == 3 && full.clientName == "me" && !full.secure)
        #expect(try RedisConfiguration(url: "redis://h").address == .tcp(host: "h", port: 6379))
        #expect(try RedisConfiguration(url: "REDISS://h:1/").secure)
        #expect(try RedisConfiguration(url: "redis://[::1]:7000").address == .tcp(host: "::1", port: 7000))
        #expect(try RedisConfiguration(url: "redis://:pw@h").password == "pw")
        let unix = try RedisConfiguration(url: "unix:///run/my%20redis.sock?db=2")
        #expect(unix.address == .unix(path: "/run/my redis.sock") && unix.database == 2)
    }

    @Test(arguments: [
        "", "h", "h:6379", "http://h", "redis:", "redis://", "redis://h:0", "redis://h:65536", "redis://h:x",
        "redis://h/a",
        "redis://h/-1", "redis://h/1/2", "redis://h?db=x", "redis://h?colour=red", "redis://h?client_name=a%20b",
        "redis://user@h", "redis://h#f", "unix://", "unix://relative", "unix:///", "redis://h/%00", "unix:///a%00b",
        "unix:///" + String(repeating: "a", count: 108),
    ])
    func refusesWhatIsNotWithOneSentence(_ url: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("\n") == false)
    }

    @Test(arguments: [
        "redis://u:s3cret@h:x", "redis://u:12/s3cret@h", "redis://u:s3/s3cret@h", "redis://u:p#s3cret@h",
        "redis://u:p?s3cret@h", "redis://:s3cret", "u:s3cret@h", "s3cret@h", "redis://h?password=s3cret",
        "redis://s3cret@h", "redis://u:s3cret@h/a", "http://u:s3cret@h",
    ])
    func noMessageHoldsThePassword(_ url: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error.map { "\($0)".contains("s3cret") } == false)
    }

    @Test func aPrintedConfigurationHoldsNoPassword() throws {
        let configuration = try RedisConfiguration(url: "redis://u:s3cret@h:1/2")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("s3cret"))
        }
        #expect("\(configuration)" == "u:…@h:1/2")
    }
}
