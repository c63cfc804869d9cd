// swift-tools-version: 6.2
import PackageDescription

/// One set of rules for every target of ours: Swift 6, no silent `any`, no transitive imports, no warning.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

let package = Package(
    name: "holdfast",
    products: [
        .library(name: "HoldfastRedis", targets: ["HoldfastRedis"]),
        .library(name: "HoldfastLocks", targets: ["HoldfastLocks"]),
        .library(name: "HoldfastHTTP", targets: ["HoldfastHTTP"]),
        .library(name: "HoldfastAgents", targets: ["HoldfastAgents"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    ],
    targets: [
        room("HoldfastRuntime"),
        tests("HoldfastRuntimeTests", ["HoldfastRuntime"]),
        .target(name: "CHiredis", linkerSettings: [.linkedLibrary("hiredis")]),
        room("HoldfastRedis", ["CHiredis", "HoldfastRuntime", log, nioCore, nioPosix, deque]),
        room("HoldfastLocks", ["HoldfastRedis", "HoldfastRuntime", log]),
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
        room("HoldfastHTTP", ["CCurl", "HoldfastRuntime", deque]),
        room("HoldfastAgents", ["HoldfastHTTP", "HoldfastRuntime", log]),
        tests("HoldfastRedisTests", ["HoldfastRedis", "CHiredis"]),
        tests("HoldfastLocksTests", ["HoldfastLocks", "HoldfastRuntime"]),
        tests("HoldfastHTTPTests", ["HoldfastHTTP", "LocalHTTPServer", nioCore, nioPosix]),
        tests("HoldfastAgentsTests", ["HoldfastAgents", "HoldfastHTTP", "HoldfastRuntime", "LocalHTTPServer"]),
        .target(
            name: "LocalHTTPServer", dependencies: [nioCore, nioPosix, nioHTTP1], path: "Tests/LocalHTTPServer",
            swiftSettings: strict),
    ]
)
