public import HoldfastResources

/// One thing that every fenced resource must do, as a test that any adapter can be put to.
///
/// ```swift
/// @Test(arguments: ConformanceCase.all) func conforms(_ conformance: ConformanceCase) async throws {
///     try await conformance.run { name in try MyResource(name, on: store) }
/// }
/// ```
///
/// The cases use resource names of their own, so that one store may serve all of them, once. They never sleep and
/// judge no duration.
public struct ConformanceCase: Sendable, CustomStringConvertible {
    /// Opens a handle to the resource of that name in the store that is put to the test. Several handles to one name
    /// are handles to one resource.
    public typealias Opener = @Sendable (_ name: String) async throws -> any FencedResource

    /// What must hold.
    public let description: String
    private let body: @Sendable (Opener) async throws -> Void

    init(_ description: String, _ body: @escaping @Sendable (Opener) async throws -> Void) {
        self.description = description
        self.body = body
    }

    /// - Throws: ``Violation`` when it does not hold; whatever the adapter threw when it was not to throw.
    public func run(_ open: Opener) async throws { try await body(open) }

    /// Every case.
    public static let all: [ConformanceCase] = fences + once + values + names + crowds
}
