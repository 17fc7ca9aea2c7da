import MCFoundation
import SIP

// RFC 5627 3.1.2: every answer to REGISTER gives another one, and none tells who it is or that two are of one device. They
// cost no memory: a number and who may read it (RFC 5627 appendix A).
extension Registrar {
    private static let mark = "tgruu."

    mutating func temporaryGRUU(of binding: Binding) -> SIPURI? {
        guard binding.instance != nil, var uri = SIPURI(binding.identity.value) else { return nil }
        let nonce = random.next()
        guard let pad = pad(nonce) else { return nil }
        let body = String(nonce, radix: 16) + "." + String(binding.series ^ pad, radix: 16)
        guard let seal = seal(body) else { return nil }
        uri.user = Registrar.mark + body + "." + seal
        uri.parameters.setFlag("gr")
        return uri
    }

    /// The newest binding that a temporary GRUU reaches; nil for what is none of ours or serves no more.
    func binding(temporary uri: SIPURI) -> Binding? {
        guard let user = uri.user, user.hasPrefix(Registrar.mark), uri.parameters.has("gr") else { return nil }
        let parts = user.dropFirst(Registrar.mark.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let seal = seal("\(parts[0]).\(parts[1])"),
            Digest.equalInConstantTime(seal, String(parts[2])), let nonce = UInt64(parts[0], radix: 16),
            let hidden = UInt64(parts[1], radix: 16), let pad = pad(nonce)
        else { return nil }
        return store.bindings(series: hidden ^ pad).last {
            $0.isReachable && SIPURI($0.identity.value)?.host.lowercased() == uri.host.lowercased()
        }
    }

    private func pad(_ nonce: UInt64) -> UInt64? {
        keyed("pad \(nonce)").flatMap { UInt64($0.prefix(16), radix: 16) }
    }

    private func seal(_ body: String) -> String? { keyed("seal \(body)").map { String($0.prefix(32)) } }

    /// The key stands on both sides, so that nothing can be appended.
    private func keyed(_ text: String) -> String? {
        Digest.ha1(user: gruuKey, realm: text, password: gruuKey, algorithm: .sha256)
    }
}
