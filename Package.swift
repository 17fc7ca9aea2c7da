// swift-tools-version: 6.2
// Floors 3 and 4: the world (drivers, speech, configuration) and the programs. What decides lives in Core.
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// What is tested is optimised, the tests are not: that would only make them late.
let testSettings = settings + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

/// Where a product comes from that is not ours.
let packages: [String: String] = [
    "NIOCore": "swift-nio", "NIOConcurrencyHelpers": "swift-nio", "NIOPosix": "swift-nio", "NIOTLS": "swift-nio",
    "NIOSSL": "swift-nio-ssl", "X509": "swift-certificates",
    "Crypto": "swift-crypto", "SwiftASN1": "swift-asn1",
    "Hummingbird": "hummingbird", "HummingbirdCore": "hummingbird", "HummingbirdTLS": "hummingbird",
    "HTTPTypes": "swift-http-types", "ServiceLifecycle": "swift-service-lifecycle", "JWTKit": "jwt-kit",
    "NIOHTTP1": "swift-nio",
    "ArgumentParser": "swift-argument-parser", "Logging": "swift-log", "Yams": "Yams",
    "HashTreeCollections": "swift-collections", "OrderedCollections": "swift-collections",
    "HeapModule": "swift-collections", "DequeModule": "swift-collections",
    "GRDB": "GRDB.swift", "CryptoExtras": "swift-crypto",
]

/// name: what it depends on.
let rooms: [(String, [String])] = [
    // Floor 3: world
    ("HostTime", ["MCFoundation"]),
    (
        "SignallingDriver",
        [
            "HostTime", "MCFoundation", "SIP", "SIPUserAgent", "CallControl", "Policy", "Administration",
            "DocumentNotification", "MCSystem", "NIOCore", "NIOConcurrencyHelpers", "NIOPosix", "NIOTLS", "NIOSSL",
            "SwiftASN1", "X509", "Logging",
        ]
    ),
    ("MediaDriver", ["CNet", "HostTime", "MCFoundation", "RTP", "FloorControl", "CallControl", "MediaDistribution"]),
    ("Speech", ["CSpeech", "MCFoundation", "SDP", "RTP"]),
    (
        "ResponderDriver",
        [
            "HostTime", "Yams", "MCFoundation", "SIPUserAgent", "SDP", "RTP", "FloorControl", "CallControl",
            "Responder", "ResponderLogin", "SignallingDriver", "MediaDriver", "Speech", "Logging",
        ]
    ),
    ("Telemetry", []),
    ("CertificateAuthority", ["X509", "Crypto", "SwiftASN1"]),
    ("Credentials", ["Crypto", "CryptoExtras", "JWTKit"]),
    (
        "WebServices",
        [
            "MCFoundation", "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "HTTPTypes", "ServiceLifecycle",
            "NIOCore", "NIOSSL", "Logging",
        ]
    ),
    ("Storage", ["MCFoundation", "Administration"]),
    ("SQLiteStorage", ["MCFoundation", "Administration", "Storage", "GRDB"]),
    (
        "ResponderLogin",
        [
            "HostTime", "MCFoundation", "MCDocuments", "CallControl", "Responder", "Crypto", "NIOCore", "NIOPosix",
            "NIOHTTP1", "NIOSSL",
        ]
    ),
    ("IdentityService", ["MCFoundation", "Administration", "Audit", "Credentials", "WebServices"]),
    // Floor 4: programs
    (
        "NationalAdministration",
        [
            "MCFoundation", "SIP", "Policy", "Audit", "Administration", "Storage", "Credentials",
        ]
    ),
    (
        "AdministrationService",
        [
            "MCFoundation", "Audit", "Administration", "Storage", "WebServices", "NationalAdministration", "Crypto",
        ]
    ),
    ("DocumentService", ["MCFoundation", "MCDocuments", "Administration", "NationalAdministration", "WebServices"]),
    ("ConfigurationFiles", ["MCFoundation", "SIP", "SIPUserAgent", "FloorControl", "CallControl", "Policy", "Yams"]),
    (
        "NationalSystem",
        [
            "HostTime", "MCFoundation", "SIP", "SIPUserAgent", "CallControl", "Policy", "Registrar", "MCGateway",
            "Administration", "DocumentNotification", "MCSystem", "MediaDistribution", "SignallingDriver",
            "MediaDriver", "ConfigurationFiles", "Crypto", "Logging", "CertificateAuthority", "Telemetry",
        ]
    ),
    (
        "Lab",
        [
            "HostTime", "MCFoundation", "SIP", "SIPUserAgent", "SDP", "RTP", "FloorControl", "MCDocuments",
            "CallControl", "Policy", "MCSystem", "MediaDistribution", "Responder", "SignallingDriver", "MediaDriver",
            "ResponderDriver", "Speech", "CertificateAuthority", "ConfigurationFiles", "NationalSystem", "Logging",
        ]
    ),
]
let core = [
    "MCFoundation", "SIP", "SIPUserAgent", "SDP", "RTP", "FloorControl", "MCDocuments", "CallControl", "Policy",
    "Registrar", "ParticipatingFunction", "ControllingFunction", "MCGateway", "MediaDistribution", "Responder",
    "MCSystem", "Audit", "CallAudit", "Administration", "DocumentNotification",
    "Simulation", "FuzzTargets",
]

func dependencies(_ names: [String]) -> [Target.Dependency] {
    names.map { name in
        if let package = packages[name] { return .product(name: name, package: package) }
        return core.contains(name) ? .product(name: name, package: "Core") : .target(name: name)
    }
}

let shims: [Target] = [
    .target(name: "CNet"),
    .target(
        name: "CSpeech", linkerSettings: ["opus", "opencore-amrwb", "vo-amrwbenc"].map { .linkedLibrary($0) }),
]
let outer: [Target] = rooms.map { name, needs in
    .target(name: name, dependencies: dependencies(needs), swiftSettings: settings)
}
let programs: [Target] = [
    .executableTarget(
        name: "euccs",
        dependencies: dependencies(
            [
                "MCFoundation", "CallControl", "FloorControl", "Policy", "Responder", "SDP", "Simulation",
                "SIPUserAgent", "SignallingDriver",
                "ResponderDriver", "Speech", "ConfigurationFiles", "NationalSystem", "Lab", "ArgumentParser", "Logging",
                "HostTime", "Audit", "CallAudit", "Administration", "Storage", "SQLiteStorage", "Credentials",
                "NationalAdministration", "CertificateAuthority", "IdentityService", "WebServices", "Telemetry",
                "AdministrationService", "DocumentService", "DocumentNotification", "MCDocuments",
            ]),
        swiftSettings: settings)
]
let outerTests: [Target] = [
    "CertificateAuthority", "ConfigurationFiles", "Lab", "MediaDriver", "NationalSystem", "ResponderDriver",
    "SignallingDriver", "Speech", "Storage", "Credentials", "NationalAdministration", "WebServices", "IdentityService",
    "ResponderLogin", "Telemetry", "AdministrationService", "DocumentService",
].map { name in
    // A device is tried against a system, the contract of a store on every engine, a service behind a listener.
    let peers = [
        "ResponderDriver": [
            "ConfigurationFiles", "NationalSystem", "NationalAdministration", "IdentityService", "DocumentService",
            "DocumentNotification", "WebServices", "Credentials", "Administration", "Storage", "Policy", "MCDocuments",
            "Crypto",
        ], "Storage": ["SQLiteStorage", "GRDB"],
        "NationalAdministration": ["SQLiteStorage"], "AdministrationService": ["Policy", "Logging"],
        "ResponderLogin": ["IdentityService", "WebServices", "Credentials", "Administration", "Logging"],
        "DocumentService": ["Audit", "Policy", "Storage"],
    ]
    let peer = peers[name] ?? []
    let needs = peer + (rooms.first { $0.0 == name }?.1 ?? [])
    return .testTarget(
        name: "\(name)Tests", dependencies: dependencies(Set([name, "CertificateAuthority"] + needs).sorted()),
        swiftSettings: testSettings)
}
// The tests of Core run in the same build as everything else; `swift test` inside Core runs them alone.
let coreTests: [Target] = core.map { name in
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies(core + ["HashTreeCollections", "OrderedCollections"]),
        path: "Core/Tests/\(name)Tests", resources: name == "SIP" ? [.copy("Resources")] : [],
        swiftSettings: testSettings)
}
let houseTests: [Target] = [
    .testTarget(name: "HygieneTests", swiftSettings: testSettings),
    .testTarget(name: "ProgramTests", dependencies: ["euccs"], swiftSettings: testSettings),
]

let package = Package(
    name: "euccs",
    dependencies: [
        .package(path: "Core"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.6.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: shims + outer + programs + outerTests + coreTests + houseTests
)
