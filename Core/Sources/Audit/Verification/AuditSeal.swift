public import MCFoundation

/// A signature over the head of the log: nobody without the key, not even an administrator of the store, can change or
/// shorten what stands before it. A shell makes the signature; a copy of the seal belongs outside the store.
public struct AuditSeal: Hashable, Sendable {
    /// Of the last record that is sealed.
    public var sequence: UInt64
    /// The hash of that record.
    public var hash: AuditHash
    /// When it was sealed.
    public var at: UTCTime
    /// Names the key; what it means is agreed with whoever verifies.
    public var keyID: String
    /// Octets of the signature algorithm that belongs to the key.
    public var signature: [UInt8]

    public init(head: AuditHead, at: UTCTime, keyID: String, signature: [UInt8]) {
        sequence = head.sequence
        hash = head.hash
        self.at = at
        self.keyID = keyID
        self.signature = signature
    }

    public var head: AuditHead { AuditHead(sequence: sequence, hash: hash) }

    /// The octets that are signed: `EUCCS audit seal`, a version (1), the system's name, the sequence, the hash, the
    /// time and the name of the key; texts after their length in two octets, numbers in eight.
    public static func payload(system: MCSystemID, head: AuditHead, at: UTCTime, keyID: String) -> [UInt8] {
        var octets = Array("EUCCS audit seal".utf8)
        octets.append(1)
        octets.append(text: bounded(system.value, octets: AuditLimits.maxSealTextOctets))
        octets.append(number: head.sequence)
        octets += head.hash.octets
        octets.append(number: UInt64(bitPattern: at.microseconds))
        octets.append(text: bounded(keyID, octets: AuditLimits.maxSealTextOctets))
        return octets
    }

    /// What this seal's signature must cover.
    public func payload(system: MCSystemID) -> [UInt8] {
        Self.payload(system: system, head: head, at: at, keyID: keyID)
    }
}
