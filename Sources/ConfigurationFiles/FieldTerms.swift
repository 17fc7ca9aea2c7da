import MCFoundation
import SIP

/// Readers of values that the field has its own forms for.
extension Value {
    /// A domain name, given in lower case.
    func domain() -> String? {
        guard let text = text("a domain name") else { return nil }
        guard Value.isDomain(text) else {
            expected("a domain name")
            return nil
        }
        return text.lowercased()
    }

    static func isDomain(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy {
                        $0 == 45 || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                    }
            }
    }

    /// ISO 3166: two capital letters.
    func country() -> String? {
        guard let text = text("a country code of two capital letters") else { return nil }
        guard text.utf8.count == 2, text.utf8.allSatisfy({ (65...90).contains($0) }) else {
            expected("a country code of two capital letters")
            return nil
        }
        return text
    }

    /// `sip:user@domain` without port, parameters or headers.
    func identity() -> String? {
        guard let text = text("an identity such as \"sip:user@domain\"") else { return nil }
        let parts = text.dropFirst(4).split(separator: "@", omittingEmptySubsequences: false)
        guard text.hasPrefix("sip:"), parts.count == 2, !parts[0].isEmpty, Value.isDomain(String(parts[1])),
            SIPURI(text) != nil
        else {
            expected("an identity such as \"sip:user@domain\"")
            return nil
        }
        return "sip:\(parts[0])@\(parts[1].lowercased())"
    }

    /// `address:port`, IPv6 in brackets.
    func socketAddress() -> SocketAddress? {
        let what = "an address with port such as \"192.0.2.1:5061\" or \"[2001:db8::1]:5061\""
        guard let text = text(what) else { return nil }
        guard let (host, port) = Value.split(text), let address = IPAddress(host),
            !address.isIPv6 || host.hasPrefix("[")
        else {
            expected(what)
            return nil
        }
        return SocketAddress(address, port: port)
    }

    func address(isIPv6: Bool) -> IPAddress? {
        let what = isIPv6 ? "an IPv6 address" : "an IPv4 address"
        guard let text = text(what) else { return nil }
        guard let address = IPAddress(text), address.isIPv6 == isIPv6 else {
            expected(what)
            return nil
        }
        return address
    }

    /// `host:port` with a name or an address, IPv6 in brackets. The host comes without brackets.
    func hostAndPort() -> (host: String, port: UInt16)? {
        let what = "a host with port such as \"gateway.example:5061\""
        guard let text = text(what) else { return nil }
        guard let (host, port) = Value.split(text), Value.isDomain(host) || IPAddress(host) != nil else {
            expected(what)
            return nil
        }
        return (host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host.lowercased(), port)
    }

    private static func split(_ text: String) -> (String, UInt16)? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            return nil
        }
        return (String(text[..<colon]), port)
    }

    /// `https://host` or `https://host:port`, without path.
    func webAddress() -> String? {
        let what = "an address such as \"https://mc.it.example:8443\", without path"
        guard let text = text(what) else { return nil }
        let rest = String(text.dropFirst(8))
        guard text.hasPrefix("https://"), Value.isDomain(rest) || IPAddress(rest) != nil || Value.split(rest) != nil,
            !rest.contains("/")
        else {
            expected(what)
            return nil
        }
        return text
    }

    /// An https address that identifies: path allowed, no query, no fragment (OpenID Connect Core 2, `iss`).
    func webIdentifier() -> String? {
        webText("an address such as \"https://login.it.example/realm\", without query") { !$0.contains("?") }
    }

    /// An https address that is asked: path and query allowed, no fragment (RFC 6749 3.1).
    func webResource() -> String? {
        webText("an address such as \"https://login.it.example/token\"") { _ in true }
    }

    private func webText(_ what: String, _ isFine: (String) -> Bool) -> String? {
        guard let text = text(what) else { return nil }
        let rest = text.dropFirst(8)
        let host = String(rest.prefix { $0 != "/" && $0 != "?" })
        guard text.hasPrefix("https://"), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x23 }),
            Value.isDomain(host) || IPAddress(host) != nil || Value.split(host) != nil, isFine(text)
        else {
            expected(what)
            return nil
        }
        return text
    }

    /// Scopes with `openid`, without which there is no ID token (OpenID Connect Core 3.1.2.1).
    func openIDScope() -> String? {
        let what = "scopes with openid among them, such as \"openid profile\""
        guard let text = text(what) else { return nil }
        guard text.split(separator: " ").contains("openid") else {
            expected(what)
            return nil
        }
        return text
    }

    /// MCC and MNC: five or six digits in quotes.
    func networkCode() -> String? {
        let what = "a network code of five or six digits such as \"22201\", in quotes"
        guard let text = text(what) else { return nil }
        guard (5...6).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else {
            expected(what)
            return nil
        }
        return text
    }

    /// A file that exists; relative names start at the folder of the file being read.
    func file(in folder: String) -> String? {
        guard let text = text("a file name") else { return nil }
        let path = text.hasPrefix("/") ? text : "\(folder)/\(text)"
        guard Files.isReadable(path) else {
            issues.add(self, "expected a readable file, found none at \(path)")
            return nil
        }
        return path
    }
}
