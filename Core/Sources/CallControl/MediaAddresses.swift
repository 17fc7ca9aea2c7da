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

/// What the functions write into SDP: the sockets of one media cell, per side. A `pair` is counted from 0 within its
/// side and address family.
public struct MediaAddresses: Hashable, Sendable {
    /// In order of preference. The first of an address family are the pair that all peers share; those that follow are
    /// for peers whose packets for one leg could not be told there from those for another.
    public var access: [MediaPorts]
    public var interconnection: [MediaPorts]

    public init(access: [MediaPorts], interconnection: [MediaPorts]) {
        self.access = access
        self.interconnection = interconnection
    }

    /// The sockets of a side in the address family of `peer`; the preferred ones where the peer is not known yet; nil
    /// where that side does not speak the family or has no such pair.
    public func ports(_ face: MediaFace, like peer: IPAddress? = nil, pair: UInt8 = 0) -> MediaPorts? {
        ports(face, isIPv6: peer?.isIPv6, pair: pair)
    }

    /// The sockets of a side in an address family; the preferred ones where none is named.
    public func ports(_ face: MediaFace, isIPv6: Bool?, pair: UInt8 = 0) -> MediaPorts? {
        let ports = face == .access ? access : interconnection
        guard let family = isIPv6 ?? ports.first?.audio.address.isIPv6 else { return nil }
        return ports.lazy.filter { $0.audio.address.isIPv6 == family }.dropFirst(Int(pair)).first
    }
}

/// The media cells of a system by number, from 0. A group lives in one of them, whatever function asks: so its floor,
/// its members and the legs that our gateway holds for it are beside each other, and no packet of it crosses a thread.
public struct MediaPlane: Hashable, Sendable {
    /// As many as a number in an identifier can name.
    public static let mostCells = 256

    public let cells: [MediaAddresses]

    /// nil without a cell, or with more than `mostCells`.
    public init?(_ cells: [MediaAddresses]) {
        guard !cells.isEmpty, cells.count <= Self.mostCells else { return nil }
        self.cells = cells
    }

    /// The same with every port higher by that much; nil where a port would be none, or one of these.
    public func shifted(by ports: Int) -> MediaPlane? {
        func shifted(_ socket: SocketAddress) -> SocketAddress? {
            UInt16(exactly: Int(socket.port) + ports).map { SocketAddress(socket.address, port: $0) }
        }
        func shifted(_ all: [MediaPorts]) -> [MediaPorts]? {
            let moved = all.compactMap { ports -> MediaPorts? in
                guard let audio = shifted(ports.audio), let floor = shifted(ports.floor) else { return nil }
                return MediaPorts(audio: audio, floor: floor)
            }
            return moved.count == all.count ? moved : nil
        }
        var moved: [MediaAddresses] = []
        for cell in cells {
            guard let access = shifted(cell.access), let interconnection = shifted(cell.interconnection) else {
                return nil
            }
            moved.append(MediaAddresses(access: access, interconnection: interconnection))
        }
        guard let plane = MediaPlane(moved), Set(sockets).isDisjoint(with: plane.sockets) else { return nil }
        return plane
    }

    private var sockets: [SocketAddress] {
        cells.flatMap { ($0.access + $0.interconnection).flatMap { [$0.audio, $0.floor] } }
    }

    /// One cell for everything.
    public init(_ cell: MediaAddresses) {
        cells = [cell]
    }

    /// Where a group lives; what belongs to no group is in cell 0.
    public func cell(of group: MCPTTGroupID?) -> UInt8 {
        guard let group, cells.count > 1 else { return 0 }
        return UInt8(StableHash.of(group.value) % UInt64(cells.count))
    }

    /// The sockets of the cell in which a group lives.
    public subscript(group: MCPTTGroupID?) -> MediaAddresses { cells[Int(cell(of: group))] }
}
