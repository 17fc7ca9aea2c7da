public import Foundation
import MCFoundation
import Responder
import ResponderLogin
import SDP
import Yams

/// What is wrong with a profile file, with what was expected.
public struct DeviceProfileError: Error, CustomStringConvertible {
    public var description: String
}

extension DeviceProfile {
    /// Reads a profile file (YAML). Every key must be known and every required one present; a relative `authority` is
    /// looked for beside the file. With `initial_configuration` the device learns from documents what it is; a profile
    /// without it says `mcptt_id` and the rest itself, for a system that has no documents.
    public init(contentsOf file: URL) throws {
        let text: String
        do { text = try String(contentsOf: file, encoding: .utf8) } catch {
            throw DeviceProfileError(description: "\(file.path): cannot be read: \(error.localizedDescription)")
        }
        guard let mapping = try Yams.compose(yaml: text)?.mapping else {
            throw DeviceProfileError(description: "\(file.path): expected a mapping")
        }
        let learns = mapping[Node("initial_configuration")] != nil
        let known = Self.brought + (learns ? Self.learning : Self.saying)
        for key in mapping.keys where !known.contains(key.string ?? "") {
            if key.string == "issuer" {
                throw DeviceProfileError(
                    description: "\(file.path):\(key.mark?.line ?? 0): issuer: expected initial_configuration instead, "
                        + "the https address of the UE initial configuration, which names the issuer")
            }
            throw DeviceProfileError(
                description: "\(file.path):\(key.mark?.line ?? 0): expected one of \(known.joined(separator: ", ")), "
                    + "found \(key.string ?? "no text")")
        }
        func value(_ key: String) throws -> String {
            guard let value = mapping[Node(key)]?.string, !value.isEmpty else {
                throw DeviceProfileError(description: "\(file.path): expected \(key), found nothing")
            }
            return value
        }
        func parsed<Value>(_ key: String, _ what: String, _ parse: (String) -> Value?) throws -> Value {
            let text = try value(key)
            guard let result = parse(text) else {
                let line = mapping[Node(key)]?.mark?.line ?? 0
                throw DeviceProfileError(
                    description: "\(file.path):\(line): \(key): expected \(what), found \"\(text)\"")
            }
            return result
        }
        let authority = URL(fileURLWithPath: try value("authority"), relativeTo: file.deletingLastPathComponent())
        let pem: String
        do { pem = try String(contentsOf: authority, encoding: .utf8) } catch {
            throw DeviceProfileError(description: "\(authority.path): cannot be read: \(error.localizedDescription)")
        }
        let userProfile =
            mapping[Node("user_profile")] == nil ? nil : try parsed("user_profile", "0 to 255") { UInt8($0) }
        let knowledge: Knowledge =
            learns
            ? .documents(
                BootstrapProfile(
                    initialConfiguration: try parsed("initial_configuration", "an https address") {
                        URL(string: $0)?.scheme == "https" ? $0 : nil
                    }, userName: try value("login_name"), password: Secret(try value("login_password")),
                    authorityPEM: pem, userProfile: userProfile))
            : .profile(
                Said(
                    mcpttID: MCPTTID(try value("mcptt_id")),
                    priority: mapping[Node("priority")] == nil
                        ? 0 : try parsed("priority", "0 to 255") { UInt8($0) },
                    codec: mapping[Node("codec")] == nil
                        ? .amrWB(octetAlign: true)
                        : try parsed("codec", "one of amr-wb, amr-wb-be, opus", Self.codec),
                    userProfile: userProfile ?? 0))
        let identity = try parsed("sip_identity", "a SIP URI with a domain") { $0.contains("@") ? $0 : nil }
        self.init(
            publicIdentity: PublicUserIdentity(identity), privateIdentity: PrivateUserIdentity(try value("user_name")),
            password: Secret(try value("password")),
            domain: mapping[Node("domain")] == nil ? Self.domain(of: identity) : try value("domain"),
            edge: try parsed("edge", "an address and a port", SocketAddress.init(readingHostAndPort:)),
            authorityPEM: pem, address: try parsed("address", "an IP address") { IPAddress($0) }, knowledge: knowledge)
    }

    /// Keys of every profile: what is on the card in the device, and where it stands.
    private static let brought = [
        "sip_identity", "user_name", "password", "domain", "edge", "authority", "address", "user_profile",
    ]
    /// Keys where documents say the rest.
    private static let learning = ["initial_configuration", "login_name", "login_password"]
    /// Keys where there are no documents.
    private static let saying = ["mcptt_id", "priority", "codec"]

    /// Of a SIP URI, without port and parameters.
    private static func domain(of identity: String) -> String {
        String(identity.drop { $0 != "@" }.dropFirst().prefix { $0 != ":" && $0 != ";" && $0 != "?" })
    }

    /// The words of `groups[].codec` in the directory file.
    private static func codec(_ text: String) -> SpeechCodec? {
        switch text {
        case "amr-wb": .amrWB(octetAlign: true)
        case "amr-wb-be": .amrWB(octetAlign: false)
        case "opus": .opus
        default: nil
        }
    }
}

extension SocketAddress {
    /// `192.0.2.1:5061` or `[2001:db8::1]:5061`.
    init?(readingHostAndPort text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            let address = IPAddress(text[..<colon])
        else { return nil }
        self.init(address, port: port)
    }
}
