// README begin
import Holdfast

struct Shout: Decodable { var text: String }

func example(nodeURLs: [String], storeURL: String, model: any Model) async throws -> (String?, String?) {
    let store = RedisClient(try RedisConfiguration(url: storeURL), scripts: JobScripts.all)
    let locks = try await LockCluster.connect(try LockClusterConfiguration(urls: nodeURLs))

    // A lock, and a write that only its present holder can make.
    let page = try RedisResource("page", on: store)
    try await locks.withLock(LockName("page"), ttl: .seconds(10), wait: .upTo(.seconds(30))) { lease in
        _ = try await page.raise(to: lease.token)
        _ = try await page.apply(Array("hello".utf8), token: lease.token, key: IdempotencyKey("greeting"))
    }

    // A job: taken, leased and completed atomically. Python's rq may enqueue it, and read its result.
    let queue = try Queue("default", client: store)
    let job = try await queue.enqueue("pages.shout", keywords: ["text": "hello"])
    var handlers = HandlerRegistry()
    handlers.register("pages.shout") { (call: Shout, _: JobContext) in call.text.uppercased() }
    var configuration = WorkerConfiguration()
    configuration.burst = true
    try await Worker(queues: [queue.name], client: store, handlers: handlers, configuration: configuration).run()
    let shouted = try await queue.wait(for: job, patience: .seconds(5)).value(as: String.self)

    // An agent: its tool moves credits under quorum locks, once, however often the run is repeated.
    let ledger = Ledger(on: store)
    _ = try await ledger.create(["alice": 10, "bob": 0])
    let tools = try ToolSet(LedgerTools(ledger, locks: locks, who: "example").all)
    let answer = try await Agent(model: model, tools: tools).run("Move 5 credits from alice to bob.", runID: "r1")

    await locks.close()
    await store.close()
    return (shouted, answer.text)
}
// README end
