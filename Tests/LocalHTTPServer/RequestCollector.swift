internal import NIOCore
internal import NIOHTTP1

/// Hands over complete requests; the pipeline before it lets the next one through when this one is answered.
final class RequestCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let requests: AsyncStream<(LocalRequest, LocalResponder)>.Continuation
    private let connections: ConnectionSet
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ requests: AsyncStream<(LocalRequest, LocalResponder)>.Continuation, _ connections: ConnectionSet) {
        self.requests = requests
        self.connections = connections
    }

    func channelActive(context: ChannelHandlerContext) {
        connections.insert(context.channel)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        connections.remove(context.channel)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let bytes): body.append(contentsOf: bytes.readableBytesView)
        case .end:
            guard let head else { return }
            let fields = head.headers.map { (name: $0.name.lowercased(), value: $0.value) }
            let request = LocalRequest(method: head.method.rawValue, path: head.uri, fields: fields, body: body)
            requests.yield((request, LocalResponder(context.channel)))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
