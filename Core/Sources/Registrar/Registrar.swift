import CallControl
public import MCFoundation
public import Policy
public import SIP
public import SIPUserAgent

/// The registrar and location service of a system (RFC 3261 10, RFC 3327, 3608, 5626, 5627): who is reachable, on
/// which devices, over which flows. Users and secrets are the directory's.
public struct Registrar: Sendable {
    let settings: RegistrarSettings
    var directory: DirectorySnapshot
    var digest: DigestServer
    var random: SeededGenerator
    /// Reads the temporary GRUUs of this process.
    let gruuKey: String
    /// What accounts of the system can be proven by.
    private(set) var provable: [DigestAlgorithm]
    var store = BindingStore()

    public init(settings: RegistrarSettings, directory: DirectorySnapshot, random: SeededGenerator) {
        self.settings = settings
        self.directory = directory
        var random = random
        digest = DigestServer(realm: directory.system.realm, random: random.fork())
        gruuKey = random.token(52)
        self.random = random
        provable = Registrar.provable(directory)
    }

    private static func provable(_ directory: DirectorySnapshot) -> [DigestAlgorithm] {
        (directory.provesBySHA256 ? [.sha256] : []) + (directory.provesByMD5 ? [.md5] : [])
    }

    public var nextDeadline: Instant? { store.nextDeadline }

    public mutating func handle(_ event: RegistrarEvent, at now: Now) -> [RegistrarAction] {
        switch event {
        case .registerReceived(let request, let transaction, let hop):
            return register(request, transaction, hop, at: now)
        case .flowClosed(let flow):
            let lost = store.closeFlow(flow, until: now.instant + settings.flowGrace)
            return lost.isEmpty
                ? [] : [.note(Observation("registration.flow-lost", [.init("bindings", "\(lost.count)")]))]
        case .directoryReplaced(let directory): return replace(directory)
        case .deviceWithdrawn(let identity, let device):
            return withdraw(device, of: identity)
        case .timeAdvanced:
            return store.takeExpired(at: now.instant).flatMap { binding in
                removed(binding, cause: binding.isReachable ? "expired" : "flow-lost")
            }
        }
    }

    // MARK: Lookups of the edge

    /// Every binding of a user that can be reached, newest last.
    public func bindings(of identity: PublicUserIdentity) -> [Binding] {
        store.bindings(of: identity).filter(\.isReachable)
    }

    /// The binding that a Request-URI means: with `gr` that of the device (RFC 5627 5.4), else one of the user's; of
    /// several the one that the caller prefers, then the newest.
    public func binding(for uri: SIPURI, preferring preferences: CallerPreferences = .init()) -> Binding? {
        if let binding = binding(temporary: uri) { return binding }
        var address = uri
        address.parameters = Parameters()
        address.port = nil
        let ofUser = bindings(of: PublicUserIdentity(address.description))
        guard let device = uri.parameters["gr"] else { return Registrar.best(of: ofUser, for: preferences) }
        // NOTSPEC: RFC 3841 would also refuse the one device that was asked for. Whom to call was decided by who wrote its
        // name; an endpoint of another kind that an operator admitted is to be reached.
        let ofDevice = ofUser.filter { $0.isDevice(device) }
        return Registrar.best(of: ofDevice, for: preferences) ?? ofDevice.last
    }

    private static func best(of bindings: [Binding], for preferences: CallerPreferences) -> Binding? {
        guard !preferences.isEmpty else { return bindings.last }
        var best: (binding: Binding, score: Int)?
        for binding in bindings {
            guard let score = preferences.score(of: binding.contact) else { continue }
            if score >= best?.score ?? 0 { best = (binding, score) }
        }
        return best?.binding
    }

    /// The users that authenticated over a flow and are registered there, in the order of their first registration.
    public func identities(of flow: FlowID) -> [PublicUserIdentity] { store.identities(of: flow) }

    /// How many bindings there are.
    public var count: Int { store.count }

    // MARK: Changes

    /// Of a few changed users only those are looked at who were registered as they were before.
    private mutating func replace(_ directory: DirectorySnapshot) -> [RegistrarAction] {
        let before = self.directory
        self.directory = directory
        provable = Registrar.provable(directory)
        let concerned = directory.changes(since: before)?.users.compactMap { before.user($0)?.publicIdentity }
        let gone = store.takeAll(of: concerned) { directory.user(publicIdentity: $0) != nil }
        return gone.flatMap { removed($0, cause: "withdrawn") }
    }

    func contact(of binding: Binding) -> RegisteredContact {
        RegisteredContact(
            instance: binding.instance, uri: binding.deviceURI ?? binding.contact.uri,
            flow: binding.isReachable ? binding.flow : nil)
    }

    private mutating func withdraw(_ device: RegisteredContact, of identity: PublicUserIdentity) -> [RegistrarAction] {
        var actions: [RegistrarAction] = []
        for binding in store.bindings(of: identity) where contact(of: binding).isSameDevice(as: device) {
            store.remove(binding)
            actions += removed(binding, cause: "withdrawn")
        }
        return actions
    }

    /// A device vanishes with its last binding.
    func removed(_ binding: Binding, cause: String) -> [RegistrarAction] {
        let note = RegistrarAction.note(
            Observation(
                "registration.removed",
                [.init("user", binding.identity.value, isPersonal: true), .init("cause", cause)]))
        let gone = contact(of: binding)
        let remains = store.bindings(of: binding.identity).contains { contact(of: $0).isSameDevice(as: gone) }
        return remains ? [note] : [.registrationChanged(binding.identity, .removed(gone)), note]
    }
}
