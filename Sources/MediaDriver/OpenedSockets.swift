import CNet
import MCFoundation
import MediaDistribution

/// The sockets of a configuration, bound.
struct OpenedSockets {
    private(set) var sockets: [MediaSocket] = []
    private(set) var descriptors: [Int32] = []

    init(_ configuration: MediaDriverConfiguration) throws(NetworkFailure) {
        for (number, socket) in configuration.sockets.enumerated() {
            var local = cnet_address(socket.local)
            var bound = cnet_address()
            let descriptor = cnet_udp_open(
                &local, configuration.receiveBufferBytes, configuration.sendBufferBytes, &bound, nil)
            guard descriptor >= 0 else {
                close()
                throw NetworkFailure(.cannotBind(socket.local), systemError: -descriptor)
            }
            descriptors.append(descriptor)
            var advertised = socket.advertised ?? bound.socketAddress
            if advertised.port == 0 { advertised.port = bound.port }
            let alike = sockets.count {
                $0.use == socket.use && $0.face == socket.face
                    && $0.address.address.isIPv6 == advertised.address.isIPv6
            }
            sockets.append(
                MediaSocket(
                    id: UInt8(number), use: socket.use, face: socket.face, address: advertised, pair: UInt8(alike)))
        }
    }

    func close() {
        for descriptor in descriptors { cnet_close(descriptor) }
    }
}
