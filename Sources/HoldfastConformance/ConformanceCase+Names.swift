import HoldfastResources

extension ConformanceCase {
    static let names: [ConformanceCase] = [
        ConformanceCase("resources of one store do not touch each other") { open in
            let names = hostileNames
            var handles: [Handle] = []
            for name in names { handles.append(Handle(resource: try await open(name), name: name)) }
            for (index, it) in handles.enumerated() {
                let shown = String(reflecting: it.name)
                let token = Int64(index + 10)
                try it.requireValue(await it.raise(token), nil, "\(shown) before its first write")
                let receipt = try await it.apply([UInt8(index)], token, "key")
                try it.requireReceipt(receipt, token, 1, "the first write of \(shown)")
            }
            for (index, it) in handles.enumerated() {
                let shown = String(reflecting: it.name)
                let token = Int64(index + 10)
                try it.requireValue(await it.read(token), [UInt8(index)], "the value of \(shown)")
                try await requireRefusal(it.stale(token - 1, behind: token), "a stale read of \(shown)") {
                    try await it.read(token - 1)
                }
                let receipt = try await it.apply([UInt8(index)], token, "key")
                try it.requireReceipt(receipt, token, 1, replay: true, "a repeat at \(shown)")
            }
        },
        ConformanceCase("a name and a key do not run into each other") { open in
            let pairs = [
                ("run a:b", "c"), ("run a", "b:c"), ("run a/b", "c"), ("run a", "b/c"), ("run a\0b", "c"),
                ("run a", "b\0c"), ("run", "a:b:c"), ("run a", ":b:c"),
            ]
            for (name, key) in pairs {
                let it = Handle(resource: try await open(name), name: name)
                let receipt = try await it.apply([1], 1, key)
                try require(!receipt.isReplay, "\(String(reflecting: (name, key))) was taken for another pair's repeat")
            }
        },
        ConformanceCase("a name has 1 to 512 bytes") { open in
            for name in ["", String(repeating: "n", count: 513), String(repeating: "\u{e9}", count: 257)] {
                try await requireInvalid("a name of \(name.utf8.count) bytes") { _ = try await open(name) }
            }
        },
        ConformanceCase("what was written is there for whoever opens the resource next") { open in
            let name = "opened again"
            let writer = Handle(resource: try await open(name), name: name)
            try await writer.apply([1], 3, "a")
            _ = try await writer.raise(5)
            let it = Handle(resource: try await open(name), name: name)
            try await requireRefusal(it.stale(4, behind: 5), "a token below the fence") { try await it.read(4) }
            try it.requireValue(await it.raise(6), [1], "the value")
            try it.requireReceipt(await it.apply([1], 6, "a"), 3, 1, replay: true, "the repeat")
            try it.requireReceipt(await it.apply([2], 6, "b"), 6, 2, "the next write")
            try await requireRefusal(it.stale(5, behind: 6), "the first handle's token") {
                try await writer.apply([3], 5, "c")
            }
        },
    ]

    private static let hostileNames: [String] = [
        "name", "NAME", "name ", " name", "name/", "/name", "//name", "name/name", "..", ".", "../name", "../../name",
        "name\0", "name\0name", "\0", "\n", "name\nname", "\r\n", "\t", ":", "name:", "name:name", "name%2F", "%",
        "%00",
        "name?x=1", "name#x", "name;x", "*", "[name]", "{name}", "$name", "~", "~name", "-name", ".name",
        ".name.holdfast", "name.holdfast", "\\", "name\\name", "\"", "'; DROP TABLE resource; --", "\u{e9}", "e\u{301}",
        "\u{1F980}", "\u{202E}eman", "\u{FEFF}name", String(repeating: "n", count: 255),
        String(repeating: "n", count: 512), String(repeating: "n", count: 511) + "m",
        String(repeating: "\u{e9}", count: 256),
    ]
}
