import HoldfastLocks
import HoldfastResources
import Synchronization

/// One rule of a fenced resource broken: the conformance suite must find each.
enum Flaw: String, CaseIterable, Sendable {
    case applyIgnoresTheFence, readIgnoresTheFence, raiseIgnoresTheFence, raiseLowersTheFence, raiseForgetsTheToken
    case applyDoesNotRaise, readRaises, equalTokensAreRefused, raiseReturnsNothing
    case keysAreForgotten, keysAreNotCompared, repeatsWrite, repeatsSayFirst, repeatsRaise, repeatsNeedAFreshToken
    case repeatsReturnTheLatest, repeatsCount, refusalsCount, refusalsTakeTheKey, countsFromZero
    case fenceAndTokenAreSwapped, refusalsNameNoResource
    case emptyIsNothing, valuesEndAtNUL, valuesAreCut
    case keysEndAtNUL, keysIgnoreCase, keysAreNormalised, keysAreCut
    case namesEndAtNUL, namesIgnoreCase, namesAreNormalised, namesAreCut, namesAreJoinedToKeys, namesArePaths
    case anyToken, anyName
    case checkAndWriteAreTwoSteps, theValueIsReadBeforeRaising, handlesDoNotShare
}

/// A fenced resource in memory, right but for its flaw.
struct FlawedResource: FencedResource {
    final class Store: Sendable {
        struct Value {
            var fence: Int64 = 0
            var value: [UInt8]?
            var sequence: Int64 = 0
        }
        struct State {
            var values: [[UInt8]: Value] = [:]
            var once: [[UInt8]: (value: [UInt8], receipt: WriteReceipt)] = [:]
        }
        let state = Mutex(State())
    }

    let name: String
    let store: Store
    let flaw: Flaw?

    init(_ name: String, in store: Store, flaw: Flaw?) throws(ResourceError) {
        guard flaw == .anyName || (1...512).contains(name.utf8.count) else { throw .invalid("the name's length") }
        self.name = name
        self.store = flaw == .handlesDoNotShare ? Store() : store
        self.flaw = flaw
    }

    func raise(to token: FencingToken) async throws(ResourceError) -> [UInt8]? {
        try check(token)
        let before = store.state.withLock { $0.values[id]?.value }
        if flaw == .theValueIsReadBeforeRaising { for _ in 0..<10 { await Task.yield() } }
        let raised = try result { state -> Result<[UInt8]?, ResourceError> in
            var it = state.values[id, default: Store.Value()]
            if token.rawValue < it.fence, flaw != .raiseIgnoresTheFence, flaw != .raiseLowersTheFence {
                return .failure(stale(token, it.fence))
            }
            if flaw == .equalTokensAreRefused, token.rawValue == it.fence { return .failure(stale(token, it.fence)) }
            if flaw == .raiseLowersTheFence {
                it.fence = token.rawValue
            } else if flaw != .raiseForgetsTheToken {
                it.fence = max(it.fence, token.rawValue)
            }
            state.values[id] = it
            return .success(flaw == .raiseReturnsNothing ? nil : it.value)
        }
        return flaw == .theValueIsReadBeforeRaising ? before : raised
    }

    func read(_ token: FencingToken) async throws(ResourceError) -> [UInt8]? {
        try check(token)
        return try result { state in
            let it = state.values[id, default: Store.Value()]
            if token.rawValue < it.fence, flaw != .readIgnoresTheFence { return .failure(stale(token, it.fence)) }
            if flaw == .readRaises { state.values[id, default: it].fence = token.rawValue }
            return .success(it.value)
        }
    }

    func apply(
        _ value: [UInt8], token: FencingToken, key: IdempotencyKey
    ) async throws(ResourceError) -> WriteReceipt {
        try check(token)
        guard flaw == .checkAndWriteAreTwoSteps else {
            return try result { state in apply(value, token, key, to: &state, checkingAt: state) }
        }
        let before = store.state.withLock { $0 }
        for _ in 0..<10 { await Task.yield() }
        return try result { state in apply(value, token, key, to: &state, checkingAt: before) }
    }

    private func apply(
        _ value: [UInt8], _ token: FencingToken, _ key: IdempotencyKey, to state: inout Store.State,
        checkingAt checked: Store.State
    ) -> Result<WriteReceipt, ResourceError> {
        var it = state.values[id, default: Store.Value()]
        let fence = checked.values[id]?.fence ?? 0
        let onceID = onceID(key)
        if flaw == .repeatsNeedAFreshToken, token.rawValue < fence { return .failure(stale(token, fence)) }
        if let first = checked.once[onceID], flaw != .keysAreForgotten {
            if first.value != value, flaw != .keysAreNotCompared { return .failure(.keyReused(key: key.text)) }
            if flaw == .repeatsWrite { state.values[id]?.value = value }
            if flaw == .repeatsRaise { state.values[id]?.fence = max(it.fence, token.rawValue) }
            if flaw == .repeatsCount { state.values[id]?.sequence += 1 }
            var receipt = first.receipt
            receipt.isReplay = flaw != .repeatsSayFirst
            if flaw == .repeatsReturnTheLatest { receipt.sequence = it.sequence }
            return .success(receipt)
        }
        if token.rawValue < fence, flaw != .applyIgnoresTheFence {
            if flaw == .refusalsCount { state.values[id]?.sequence += 1 }
            if flaw == .refusalsTakeTheKey {
                state.once[onceID] = (value, WriteReceipt(token: token, sequence: it.sequence, isReplay: false))
            }
            return .failure(stale(token, fence))
        }
        if flaw != .applyDoesNotRaise { it.fence = max(it.fence, token.rawValue) }
        it.value = stored(value)
        it.sequence += 1
        state.values[id] = it
        let sequence = flaw == .countsFromZero ? it.sequence - 1 : it.sequence
        let receipt = WriteReceipt(token: token, sequence: sequence, isReplay: false)
        state.once[onceID] = (value, receipt)
        return .success(receipt)
    }

    private func stored(_ value: [UInt8]) -> [UInt8]? {
        switch flaw {
        case .emptyIsNothing: value.isEmpty ? nil : value
        case .valuesEndAtNUL: Array(value.prefix { $0 != 0 })
        case .valuesAreCut: Array(value.prefix(1 << 20))
        default: value
        }
    }

    private var id: [UInt8] {
        switch flaw {
        case .namesEndAtNUL: Array(name.utf8.prefix { $0 != 0 })
        case .namesIgnoreCase: Array(name.lowercased().utf8)
        case .namesAreNormalised: Array(name.map { $0 == "\u{e9}" ? "\u{e9}" : $0 }.map(String.init).joined().utf8)
        case .namesAreCut: Array(name.utf8.prefix(255))
        case .namesArePaths: Array(name.split(separator: "/").joined(separator: "/").utf8)
        default: Array(name.utf8)
        }
    }

    private func onceID(_ key: IdempotencyKey) -> [UInt8] {
        let bytes: [UInt8] =
            switch flaw {
            case .keysEndAtNUL: Array(key.text.utf8.prefix { $0 != 0 })
            case .keysIgnoreCase: Array(key.text.lowercased().utf8)
            case .keysAreNormalised:
                Array(key.text.map { $0 == "\u{e9}" ? "\u{e9}" : $0 }.map(String.init).joined().utf8)
            case .keysAreCut: Array(key.text.utf8.prefix(255))
            default: Array(key.text.utf8)
            }
        if flaw == .namesAreJoinedToKeys { return id + Array(":".utf8) + bytes }
        return Array("\(id.count):".utf8) + id + bytes
    }

    private func stale(_ token: FencingToken, _ fence: Int64) -> ResourceError {
        let fence = FencingToken(rawValue: fence)
        return switch flaw {
        case .fenceAndTokenAreSwapped: .stale(resource: name, token: fence, fence: token)
        case .refusalsNameNoResource: .stale(resource: "", token: token, fence: fence)
        default: .stale(resource: name, token: token, fence: fence)
        }
    }

    private func check(_ token: FencingToken) throws(ResourceError) {
        guard flaw != .anyToken else { return }
        guard token.rawValue >= 1, token <= .maximum else { throw .invalid("the token's range") }
    }

    private func result<Value>(
        _ body: (inout Store.State) -> Result<Value, ResourceError>
    ) throws(ResourceError) -> Value {
        try store.state.withLock { state in body(&state) }.get()
    }
}
