/// How field 16, List of SSRCs, is written. The table of Rel-18 has no Length octet, against the rule of all other
/// fields; implementations in the field disagree, so all forms are read and the written one can be chosen.
public enum SSRCListLayout: Hashable, Sendable {
    /// Count, 16 spare bits, SSRCs: the table of TS 24.380 V18.
    case withoutLength
    /// Length, count, 8 spare bits, SSRCs.
    case withLengthAndSpareOctet
    /// Length, count, 16 spare bits, SSRCs.
    case withLengthAndTwoSpareOctets
}
