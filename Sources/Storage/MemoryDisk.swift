import Synchronization

/// What stands for files where stores are kept in memory: a store that is opened again finds what was committed, and
/// backups have a place.
public final class MemoryDisk: Sendable {
    private let images = Mutex<[String: MemoryImage]>([:])

    public init() {}

    /// The image at a path, made empty where there is none.
    func image(at path: String) -> MemoryImage {
        images.withLock { images in
            if let image = images[path] { return image }
            let image = MemoryImage(MemoryState())
            images[path] = image
            return image
        }
    }

    func copy(_ state: MemoryState, toNew path: String) throws(StoreError) {
        let isNew = images.withLock { images in
            if images[path] != nil { return false }
            images[path] = MemoryImage(state)
            return true
        }
        guard isNew else { throw StoreError(.io, "\(path) exists") }
    }

    func existing(_ path: String) throws(StoreError) -> MemoryState {
        guard let image = images.withLock({ $0[path] }) else { throw StoreError(.io, "\(path) does not exist") }
        return image.state.withLock { $0 }
    }

    func replace(_ path: String, by state: MemoryState) {
        images.withLock { $0[path] = MemoryImage(state) }
    }
}

/// What several handles on the same path share.
final class MemoryImage: Sendable {
    let state: Mutex<MemoryState>

    init(_ state: MemoryState) {
        self.state = Mutex(state)
    }
}
