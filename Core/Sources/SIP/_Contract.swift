// Replaced by the codec: the readers that Headers declares.
extension NameAddress: LosslessStringConvertible {
    public init?(_ text: String) { nil }
    public var description: String { "" }
}
extension Via: LosslessStringConvertible {
    public init?(_ text: String) { nil }
    public var description: String { "" }
}
extension CSeq: LosslessStringConvertible {
    public init?(_ text: String) { nil }
    public var description: String { "" }
}
extension SIPURI: LosslessStringConvertible {
    public init?(_ text: String) { nil }
    public var description: String { "" }
}
