import ArgumentParser
import Audit
import CertificateAuthority
import ConfigurationFiles
import Foundation
import HostTime
import MCFoundation
import NationalAdministration

/// Certificates of a national system: by the authority that `admin init` made, or brought in from elsewhere.
struct CertificateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificate", abstract: "Issue, renew, list and check certificates.",
        discussion: """
            A system that serves takes renewed files up by itself within ten seconds, for connections that are made from \
            then on.
            """, subcommands: [Issue.self, Renew.self, List.self, Check.self])

    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Issue a certificate with a fresh key by the nation's own authority.")
        @OptionGroup var nation: AuthorityOptions
        @OptionGroup var acting: CertificateActor

        @Option(help: "server (accepts clients), gateway (between systems) or client (a device).")
        var purpose: Purpose

        @Option(
            help: "A name that it proves: a domain, a host or an address; several may be given, the first names it.")
        var name: [String]

        @Option(help: "The new files without their ending: OUT.pem and OUT.key.")
        var out: String

        @Option(help: "Days for which it holds, as far as the authority does.")
        var days = 365

        func validate() throws {
            guard !name.isEmpty, name.allSatisfy({ !$0.isEmpty }) else {
                throw ValidationError("--name: expected a name")
            }
            try AuthorityOptions.validate(days: days)
        }

        func run() async throws {
            try await AdminFailure.told {
                let (certificate, key) = (out + ".pem", out + ".key")
                for file in [certificate, key] where FileManager.default.fileExists(atPath: file) {
                    throw NationError("\(file) is there already")
                }
                let log = try await acting.log(nation, .certificateIssue)
                let authority = try nation.authority()
                let names = name.flatMap { purpose.names(for: $0) }
                let issued = try authority.issue(
                    CertificateRequest(
                        purpose: purpose.purpose, commonName: name[0], names: names,
                        validity: authority.validity(days: days, from: Date())))
                try await log?.record([
                    AuditDetail("purpose", purpose.rawValue), AuditDetail("names", name.joined(separator: " ")),
                    AuditDetail("until", issued.notAfter.formatted(.iso8601)),
                ])
                try PEMFile.write(key: issued.keyPEM, to: key)
                try PEMFile.write(certificate: issued.certificatePEM, to: certificate)
                Terminal.show("issued: \(certificate), until \(issued.notAfter.formatted(.iso8601))")
            }
        }
    }

    struct Renew: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Renew the certificates that the configuration names; the old files stay as .previous.")
        @OptionGroup var nation: AuthorityOptions
        @OptionGroup var acting: CertificateActor

        @Option(help: "Days for which they hold, as far as the authority does.")
        var days = 365

        func validate() throws { try AuthorityOptions.validate(days: days) }

        func run() async throws {
            try await AdminFailure.told {
                let configuration = try nation.configuration()
                let log = try await acting.log(nation, .certificateRenewal)
                let authority = try nation.authority()
                // All are made before any is replaced: what cannot be renewed changes nothing.
                let renewals = try configuration.certificateFiles.compactMap { file in
                    try file.key.map { key in
                        let old = try String(contentsOfFile: file.certificate, encoding: .utf8)
                        return (
                            file, key,
                            try authority.renew(old, validity: authority.validity(days: days, from: Date()))
                        )
                    }
                }
                try await log?.record([
                    AuditDetail("certificates", renewals.map(\.0.role).joined(separator: " ")),
                    AuditDetail("until", renewals.map { $0.2.notAfter }.min()?.formatted(.iso8601) ?? ""),
                ])
                for (file, key, issued) in renewals {
                    try PEMFile.replace(issued, certificate: file.certificate, key: key)
                    let end = issued.notAfter.formatted(.iso8601)
                    Terminal.show("renewed: \(file.role), until \(end)")
                }
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show every certificate that the configuration names.")
        @OptionGroup var nation: AuthorityOptions

        func run() throws {
            try AdminFailure.told {
                let now = Date()
                for file in try nation.files() {
                    for certificate in try CertificateSummary.read(path: file.certificate) {
                        Terminal.show("\(file.role): \(file.certificate)")
                        Terminal.show("  subject   \(certificate.subject)")
                        Terminal.show("  issuer    \(certificate.issuer)")
                        if !certificate.names.isEmpty {
                            Terminal.show("  names     \(certificate.names.joined(separator: ", "))")
                        }
                        let days = certificate.daysLeft(at: now)
                        Terminal.show("  until     \(certificate.notAfter.formatted(.iso8601)), \(days) days left")
                    }
                }
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Look whether keys belong to certificates and all of them hold; status 1 where not.")
        @OptionGroup var nation: AuthorityOptions

        @Option(help: "Days that have to be left.")
        var within = 30

        func run() throws {
            try AdminFailure.told {
                let now = Date()
                var faults = 0
                for file in try nation.files() {
                    do throws(CertificateFileError) {
                        for fault in try faultsOf(file, now) {
                            Terminal.complain("\(file.role): \(file.certificate): \(fault)")
                            faults += 1
                        }
                    } catch {
                        Terminal.complain("\(file.role): \(file.certificate): \(error)")
                        faults += 1
                    }
                }
                guard faults == 0 else { throw ExitCode.failure }
                Terminal.show("in order")
            }
        }

        private func faultsOf(_ file: CertificateFile, _ now: Date) throws(CertificateFileError) -> [String] {
            let certificates = try CertificateSummary.read(path: file.certificate)
            if let key = file.key {
                guard let text = FileManager.default.contents(atPath: key) else { throw .keyUnreadable }
                let pem = FileManager.default.contents(atPath: file.certificate) ?? Data()
                try CertificateIdentity.check(
                    certificatePEM: String(decoding: pem, as: UTF8.self),
                    key: PrivateKeyPEM(String(decoding: text, as: UTF8.self)), at: now)
            }
            return certificates.filter { $0.daysLeft(at: now) < within }.map { certificate in
                certificate.notAfter <= now
                    ? "expired \(certificate.notAfter.formatted(.iso8601))"
                    : "\(certificate.daysLeft(at: now)) days left"
            }
        }
    }
}

/// In whose name certificates are made. A system whose directory is a file has neither administrators nor a log.
struct CertificateActor: ParsableArguments {
    /// Where it is written that it is done, before it is.
    struct Log {
        fileprivate let administration: NationalAdministration
        fileprivate let act: OperatorAct
        fileprivate let acting: ActingOperator

        func record(_ details: [AuditDetail]) async throws {
            try await administration.record(act, details, by: acting, at: SystemClock.now().utc)
        }
    }

    @Option(name: .customLong("as"), help: "The administrator in whose name it is done; needed where there is a store.")
    var administrator: String?

    /// nil where there is no log.
    func log(_ nation: AuthorityOptions, _ act: OperatorAct) async throws -> Log? {
        let configuration = try nation.configuration()
        guard case .store(let path) = configuration.directory else { return nil }
        guard let administrator else { throw NationError("--as: expected an administrator of the nation, found none") }
        let administration = try OpenedStore.administration(path, configuration)
        return Log(
            administration: administration, act: act,
            acting: try await administration.operatorActing(as: administrator, for: act, at: SystemClock.now().utc))
    }
}

/// The system, and where its authority lies.
struct AuthorityOptions: ParsableArguments {
    @Option(help: "The system's configuration file; `admin init` put the authority beside it.")
    var config: String

    @Option(help: "The folder of authority.pem and authority.key, where it is another.")
    var authorityFolder: String?

    static func validate(days: Int) throws {
        guard (1...36_500).contains(days) else { throw ValidationError("--days: expected 1 to 36500, found \(days)") }
    }

    private var folder: URL {
        authorityFolder.map { URL(fileURLWithPath: $0) } ?? URL(fileURLWithPath: config).deletingLastPathComponent()
    }

    func configuration() throws -> SystemConfiguration { try SystemConfiguration.read(path: config) }

    func authority() throws -> CertificateAuthority {
        let (certificate, key) = (
            folder.appendingPathComponent("authority.pem").path, folder.appendingPathComponent("authority.key").path
        )
        for file in [certificate, key] where !FileManager.default.isReadableFile(atPath: file) {
            throw NationError("\(file): expected the nation's authority, found nothing that can be read")
        }
        return try CertificateAuthority(
            certificatePEM: String(contentsOfFile: certificate, encoding: .utf8), key: PEMFile.readKey(from: key))
    }

    /// What the configuration names, and the authority where it lies beside it and is not named.
    func files() throws -> [CertificateFile] {
        var files = try configuration().certificateFiles
        let own = folder.appendingPathComponent("authority.pem").path
        if FileManager.default.fileExists(atPath: own), !files.contains(where: { $0.certificate == own }) {
            files.append(CertificateFile(role: "authority", certificate: own))
        }
        return files
    }
}

enum Purpose: String, CaseIterable, ExpressibleByArgument {
    case server, gateway, client

    var purpose: CertificateRequest.Purpose {
        switch self {
        case .server: .server
        case .gateway: .gateway
        case .client: .client
        }
    }

    /// Servers and gateways prove a name as SIP domain and as host (RFC 5922 7.1).
    func names(for name: String) -> [CertificateRequest.Name] {
        let isAddress = name.contains(":") || name.allSatisfy { $0.isNumber || $0 == "." }
        if isAddress { return [.address(name)] }
        return self == .client ? [.dns(name)] : [.sipDomain(name), .dns(name)]
    }
}
