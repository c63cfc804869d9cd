import Holdfast

// The blocks between the marks stand in docs/locks.md, and run here.

func guideExample(urls: [String], resource: some FencedResource) async throws {
    // GUIDE connect
    let locks = try await LockCluster.connect(try LockClusterConfiguration(urls: urls))
    // GUIDE end

    // GUIDE mutex
    try await locks.withLock(LockName("invoice/42"), ttl: .seconds(10), wait: .upTo(.seconds(30))) { lease in
        let before = try await resource.raise(to: lease.token) ?? []
        let key = try IdempotencyKey("invoice/42/reminder")
        _ = try await resource.apply(before + Array("reminded ".utf8), token: lease.token, key: key)
    }
    // GUIDE end

    // GUIDE names
    try await locks.withLocks([LockName("account/1"), LockName("account/2")], wait: .forever) { lease in
        print("both accounts, token \(lease.token)")
    }
    // GUIDE end

    // GUIDE shared
    try await locks.withSharedLock(LockName("invoice/42"), wait: .upTo(.seconds(5))) { lease in
        _ = try await resource.read(lease.token)
    }
    // GUIDE end

    // GUIDE slots
    try await locks.withSlot(of: LockName("encoders"), slots: 4, wait: .forever) { lease in
        print("encoding as \(lease.name)")
    }
    // GUIDE end

    // GUIDE limits
    try await locks.withLock(LockName("report"), wait: .forever, holdAtMost: .seconds(600)) { _ in
        try await locks.withLock(LockName("report"), reentrant: true) { _ in
            print("under the same lease")
        }
    }
    // GUIDE end

    // GUIDE election
    let election = try Election(LockName("scheduler"), on: locks)
    let watching = Task {
        for await leader in election.changes() { print(leader.map { "\($0.candidate) leads" } ?? "nobody leads") }
    }
    try await election.lead(as: "scheduler-1", wait: .upTo(.seconds(30))) { leadership in
        print("elected for term \(leadership.term)")
    }
    watching.cancel()
    // GUIDE end

    await locks.close()
}
