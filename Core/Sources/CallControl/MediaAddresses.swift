public import MCFoundation

/// The media sockets of one side in one address family: one port for audio and one for floor control.
public struct MediaPorts: Hashable, Sendable {
    public var audio: SocketAddress
    public var floor: SocketAddress

    public init(audio: SocketAddress, floor: SocketAddress) {
        self.audio = audio
        self.floor = floor
    }
}

/// What the functions write into SDP: the sockets of the media cell that carries out their commands, per side.
public struct MediaAddresses: Hashable, Sendable {
    /// In order of preference, one entry an address family.
    public var access: [MediaPorts]
    public var interconnection: [MediaPorts]

    public init(access: [MediaPorts], interconnection: [MediaPorts]) {
        self.access = access
        self.interconnection = interconnection
    }

    /// The sockets of a side in the address family of `peer`; the preferred ones where the peer is not known yet; nil
    /// where that side does not speak the family.
    public func ports(_ face: MediaFace, like peer: IPAddress? = nil) -> MediaPorts? {
        ports(face, isIPv6: peer?.isIPv6)
    }

    /// The sockets of a side in an address family; the preferred ones where none is named.
    public func ports(_ face: MediaFace, isIPv6: Bool?) -> MediaPorts? {
        let ports = face == .access ? access : interconnection
        guard let isIPv6 else { return ports.first }
        return ports.first { $0.audio.address.isIPv6 == isIPv6 }
    }
}
