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
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let metricsTestKit = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let inMemoryTracing = Target.Dependency.product(name: "InMemoryTracing", package: "swift-distributed-tracing")
let sqlite = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")

let package = Package(
    name: "holdfast",
    products: [
        .executable(name: "holdfast", targets: ["HoldfastMain"]),
        .executable(name: "holdfast-bench", targets: ["HoldfastBench"]),
        .library(name: "Holdfast", targets: ["Holdfast"]),
        .library(name: "HoldfastRedis", targets: ["HoldfastRedis"]),
        .library(name: "HoldfastRedisTLS", targets: ["HoldfastRedisTLS"]),
        .library(name: "HoldfastLocks", targets: ["HoldfastLocks"]),
        .library(name: "HoldfastResources", targets: ["HoldfastResources"]),
        .library(name: "HoldfastSQLite", targets: ["HoldfastSQLite"]),
        .library(name: "HoldfastHTTPResource", targets: ["HoldfastHTTPResource"]),
        .library(name: "HoldfastHummingbird", targets: ["HoldfastHummingbird"]),
        .library(name: "HoldfastConformance", targets: ["HoldfastConformance"]),
        .library(name: "HoldfastJobs", targets: ["HoldfastJobs"]),
        .library(name: "HoldfastMetrics", targets: ["HoldfastMetrics"]),
        .library(name: "HoldfastPrograms", targets: ["HoldfastPrograms"]),
        .library(name: "HoldfastHTTP", targets: ["HoldfastHTTP"]),
        .library(name: "HoldfastAgents", targets: ["HoldfastAgents"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    ],
    targets: [
        // C, each behind one small header.
        .target(name: "CHiredis", linkerSettings: [.linkedLibrary("hiredis")]),
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
        .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "CProcess"),
        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),

        // The rooms; imports point up this list only.
        room("HoldfastRuntime"),
        room("HoldfastDigest", ["COpenSSL"]),
        room("HoldfastProcess", ["CProcess", "HoldfastRuntime"]),
        room("HoldfastRedis", ["CHiredis", "HoldfastRuntime", log, nioCore, nioPosix, nioTLS, deque]),
        room("HoldfastRedisTLS", ["HoldfastRedis", nioCore, nioSSL]),
        room("HoldfastLocks", ["HoldfastRedis", "HoldfastRuntime", log, deque, metrics, tracing]),
        room(
            "HoldfastMeasurement",
            ["HoldfastJobs", "HoldfastLocks", "HoldfastRedis", "HoldfastRuntime", histogram, log]),
        room(
            "HoldfastResources",
            ["HoldfastDigest", "HoldfastLocks", "HoldfastRedis", "HoldfastRuntime", nioPosix]),
        room("HoldfastConformance", ["HoldfastLocks", "HoldfastResources"]),
        room("HoldfastSQLite", ["HoldfastDigest", "HoldfastLocks", "HoldfastResources", "HoldfastRuntime", sqlite]),
        room("HoldfastHTTPResource", ["HoldfastHTTP", "HoldfastLocks", "HoldfastResources", "HoldfastRuntime"]),
        room(
            "HoldfastHummingbird",
            [
                "HoldfastDigest", "HoldfastLocks", "HoldfastRedis", "HoldfastResources", "HoldfastRuntime", httpTypes,
                hummingbird, nioCore,
            ]),
        room("HoldfastMetrics", [metrics, httpTypes, hummingbird, log, nioCore]),
        room(
            "HoldfastJobs",
            [
                "CZlib", "HoldfastDigest", "HoldfastHTTP", "HoldfastLocks", "HoldfastRedis", "HoldfastRuntime", deque,
                log, metrics, tracing,
            ]),
        room("HoldfastPrograms", ["HoldfastJobs", "HoldfastProcess", "HoldfastRuntime"]),
        room("HoldfastHTTP", ["CCurl", "HoldfastRuntime", deque]),
        room("HoldfastAgents", ["HoldfastHTTP", "HoldfastLocks", "HoldfastResources", "HoldfastRuntime", log]),
        room("HoldfastHistory", ["HoldfastRuntime"]),
        room("HoldfastCluster", ["HoldfastProcess", "HoldfastRedis", "HoldfastRuntime"]),
        room(
            "HoldfastChaos",
            [
                "HoldfastAgents", "HoldfastCluster", "HoldfastHistory", "HoldfastJobs", "HoldfastLocks",
                "HoldfastMeasurement", "HoldfastProcess", "HoldfastPrograms", "HoldfastRedis", "HoldfastResources",
                "HoldfastRuntime", log, nioCore, nioPosix, yams,
            ]),
        room(
            "HoldfastCommands",
            [
                "HoldfastAgents", "HoldfastChaos", "HoldfastCluster", "HoldfastHTTP", "HoldfastHistory", "HoldfastJobs",
                "HoldfastLocks", "HoldfastMeasurement", "HoldfastMetrics", "HoldfastProcess", "HoldfastPrograms",
                "HoldfastRedis", "HoldfastRedisTLS", "HoldfastResources", "HoldfastRuntime", arguments, log, metrics,
            ]),
        .executableTarget(name: "HoldfastMain", dependencies: ["HoldfastCommands"], swiftSettings: strict),
        room(
            "Holdfast",
            [
                "HoldfastAgents", "HoldfastJobs", "HoldfastLocks", "HoldfastRedis", "HoldfastResources",
                "HoldfastRuntime",
            ]),

        // Benchmarks.
        .target(name: "CFloor", path: "Benchmarks/CFloor", linkerSettings: [.linkedLibrary("hiredis")]),
        .executableTarget(
            name: "HoldfastBench",
            dependencies: [
                "CFloor", "HoldfastCluster", "HoldfastJobs", "HoldfastLocks", "HoldfastMeasurement", "HoldfastProcess",
                "HoldfastRedis", "HoldfastResources", "HoldfastRuntime", "LockSoak", arguments, log,
            ], path: "Benchmarks/HoldfastBench", swiftSettings: strict),

        // Support for tests.
        .target(
            name: "TestWorld", dependencies: ["HoldfastRuntime"], path: "Tests/TestWorld", swiftSettings: strict),
        .target(
            name: "LocalHTTPServer", dependencies: [nioCore, nioPosix, nioHTTP1], path: "Tests/LocalHTTPServer",
            swiftSettings: strict),
        .target(
            name: "RedisFixture", dependencies: ["HoldfastProcess", "HoldfastRedis", "HoldfastRuntime", "TestWorld"],
            path: "Tests/RedisFixture", swiftSettings: strict),
        .target(
            name: "LockFaults", dependencies: ["HoldfastRedis", "HoldfastRuntime", nioCore], path: "Tests/LockFaults",
            swiftSettings: strict),
        .target(
            name: "LockSoak",
            dependencies: [
                "HoldfastCluster", "HoldfastLocks", "HoldfastMeasurement", "HoldfastRedis", "HoldfastRuntime",
                "LockFaults",
            ],
            path: "Tests/LockSoak", swiftSettings: strict),
        // A process for the tests to kill while it writes to a fenced resource.
        .executableTarget(
            name: "resource-writer",
            dependencies: ["HoldfastLocks", "HoldfastResources", "HoldfastRuntime", "HoldfastSQLite"],
            path: "Tests/ResourceWriter", swiftSettings: strict),
        // Jobs with effects, and blows at the moments that matter.
        .target(
            name: "JobFaults",
            dependencies: [
                "HoldfastJobs", "HoldfastLocks", "HoldfastProcess", "HoldfastRedis", "HoldfastResources",
                "HoldfastRuntime", nioCore,
            ], path: "Tests/JobFaults", swiftSettings: strict),
        // A worker for the tests to kill and to freeze.
        .executableTarget(
            name: "job-worker",
            dependencies: ["HoldfastJobs", "HoldfastProcess", "HoldfastRedis", "HoldfastRuntime", "JobFaults"],
            path: "Tests/JobWorker", swiftSettings: strict),
        // A parent for the tests to kill: what it starts must die with it.
        .executableTarget(
            name: "holdfast-fixture", dependencies: ["HoldfastCluster", "HoldfastProcess"], path: "Tests/Fixture",
            swiftSettings: strict),

        tests("TidyTests", []),
        tests("HoldfastRuntimeTests", ["HoldfastRuntime"]),
        tests("HoldfastDigestTests", ["HoldfastDigest"]),
        tests("HoldfastProcessTests", ["HoldfastProcess", "HoldfastRuntime", "holdfast-fixture", "TestWorld"]),
        tests(
            "HoldfastRedisTests",
            ["HoldfastRedis", "HoldfastRuntime", "HoldfastProcess", "CHiredis", "RedisFixture", nioCore, nioPosix]),
        tests(
            "HoldfastRedisTLSTests",
            ["HoldfastRedisTLS", "HoldfastRedis", "HoldfastProcess", "RedisFixture", "TestWorld"]),
        tests(
            "HoldfastMeasurementTests",
            [
                "HoldfastCluster", "HoldfastJobs", "HoldfastLocks", "HoldfastMeasurement", "HoldfastRedis",
                "HoldfastRuntime",
            ]),
        tests(
            "HoldfastLocksTests",
            [
                "HoldfastCluster", "HoldfastLocks", "HoldfastRedis", "HoldfastRuntime", "LockFaults", "LockSoak",
                metrics, metricsTestKit, tracing, inMemoryTracing,
            ]),
        tests(
            "HoldfastResourcesTests",
            [
                "HoldfastCluster", "HoldfastConformance", "HoldfastLocks", "HoldfastRedis", "HoldfastResources",
                "HoldfastRuntime", "TestWorld",
            ]),
        tests(
            "HoldfastSQLiteTests",
            [
                "HoldfastConformance", "HoldfastLocks", "HoldfastProcess", "HoldfastResources", "HoldfastRuntime",
                "HoldfastSQLite", "resource-writer", sqlite, "TestWorld",
            ]),
        tests(
            "HoldfastHummingbirdTests",
            [
                "HoldfastCluster", "HoldfastConformance", "HoldfastHTTP", "HoldfastHTTPResource", "HoldfastHummingbird",
                "HoldfastLocks", "HoldfastRedis", "HoldfastResources", "HoldfastRuntime", "HoldfastSQLite",
                "LocalHTTPServer", httpTypes, hummingbird, log, nioCore, "TestWorld",
            ]),
        tests(
            "HoldfastJobsTests",
            [
                "HoldfastJobs", "HoldfastCluster", "HoldfastLocks", "HoldfastProcess", "HoldfastRedis",
                "HoldfastRuntime", "JobFaults", "LocalHTTPServer", "RedisFixture", "TestWorld", "job-worker", log,
                metrics, metricsTestKit, tracing, inMemoryTracing,
            ]),
        tests("HoldfastMetricsTests", ["HoldfastMetrics", "HoldfastHTTP", metrics]),
        tests(
            "HoldfastProgramsTests",
            [
                "HoldfastPrograms", "HoldfastCluster", "HoldfastJobs", "HoldfastProcess", "HoldfastRedis",
                "HoldfastRuntime", "TestWorld",
            ]),
        tests("HoldfastHistoryTests", ["HoldfastHistory", "HoldfastRuntime"]),
        tests(
            "HoldfastClusterTests",
            [
                "HoldfastCluster", "HoldfastProcess", "HoldfastRedis", "HoldfastRuntime", "holdfast-fixture", yams,
                "TestWorld",
            ]),
        tests(
            "HoldfastCommandsTests",
            [
                "HoldfastCommands", "HoldfastAgents", "HoldfastCluster", "HoldfastHTTP", "HoldfastJobs",
                "HoldfastLocks", "HoldfastProcess",
                "HoldfastRedis", "HoldfastResources", "HoldfastRuntime", "LocalHTTPServer", "HoldfastMain", arguments,
                "RedisFixture", "TestWorld",
            ]),
        tests(
            "HoldfastChaosTests",
            [
                "HoldfastChaos", "HoldfastCluster", "HoldfastHistory", "HoldfastJobs", "HoldfastLocks",
                "HoldfastProcess", "HoldfastRedis", "HoldfastResources", "HoldfastRuntime", "HoldfastMain",
                "RedisFixture", "TestWorld", nioCore, nioPosix,
            ]),
        tests("HoldfastTests", ["Holdfast", "HoldfastCluster"]),
        tests("HoldfastHTTPTests", ["CCurl", "HoldfastHTTP", "LocalHTTPServer", nioCore, nioPosix]),
        tests("HoldfastAgentsTests", ["HoldfastAgents", "HoldfastHTTP", "HoldfastRuntime", "LocalHTTPServer"]),
    ]
)
