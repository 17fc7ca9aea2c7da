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
    "NIOSSL": "swift-nio-ssl",
    "NIOHTTP1": "swift-nio",
    "ArgumentParser": "swift-argument-parser", "Logging": "swift-log", "Yams": "Yams",
    "HashTreeCollections": "swift-collections", "OrderedCollections": "swift-collections",
    "HeapModule": "swift-collections", "DequeModule": "swift-collections",
    "GRDB": "GRDB.swift",
]

/// name: what it depends on.
let rooms: [(String, [String])] = [
    // Floor 3: world
    ("HostTime", ["MCFoundation"]),
    ("Cryptography", ["CCrypto"]),
    (
        "SignallingDriver",
        [
            "HostTime", "Cryptography", "MCFoundation", "SIP", "SIPUserAgent", "CallControl", "Policy",
            "Administration", "DocumentNotification", "MCSystem", "NIOCore", "NIOConcurrencyHelpers", "NIOPosix",
            "NIOTLS", "NIOSSL", "Logging",
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
    ("CertificateAuthority", ["Cryptography"]),
    ("Credentials", ["MCFoundation", "Cryptography"]),
    (
        "WebServices",
        [
            "HostTime", "MCFoundation", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOTLS", "NIOSSL", "Logging",
        ]
    ),
    ("WebClient", ["MCFoundation", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOSSL"]),
    ("Storage", ["MCFoundation", "Administration"]),
    ("SQLiteStorage", ["MCFoundation", "Administration", "Storage", "GRDB"]),
    (
        "ResponderLogin",
        [
            "HostTime", "MCFoundation", "ConfigurationDocuments", "CallControl", "Responder", "WebClient",
            "Cryptography", "NIOHTTP1",
        ]
    ),
    (
        "ExternalLogin",
        ["MCFoundation", "IdentityManagement", "Cryptography", "Credentials", "WebClient", "NIOHTTP1"]
    ),
    (
        "IdentityService",
        ["MCFoundation", "IdentityManagement", "Administration", "Audit", "Credentials", "WebServices"]
    ),
    // Floor 4: programs
    (
        "NationalAdministration",
        [
            "MCFoundation", "SIP", "Policy", "Audit", "ConfigurationDocuments", "Administration", "Storage",
            "Credentials",
        ]
    ),
    ("FleetFiles", ["Administration", "OrderedCollections", "Yams"]),
    (
        "AdministrationService",
        [
            "MCFoundation", "Audit", "IdentityManagement", "Administration", "Storage", "Credentials", "WebServices",
            "NationalAdministration", "Cryptography", "FleetFiles",
        ]
    ),
    (
        "DocumentService",
        [
            "MCFoundation", "ConfigurationDocuments", "IdentityManagement", "Administration", "NationalAdministration",
            "WebServices",
        ]
    ),
    ("ConfigurationFiles", ["MCFoundation", "SIP", "SIPUserAgent", "FloorControl", "CallControl", "Policy", "Yams"]),
    (
        "NationalSystem",
        [
            "HostTime", "MCFoundation", "SIP", "SIPUserAgent", "CallControl", "Policy", "Registrar", "MCGateway",
            "Administration", "DocumentNotification", "MCSystem", "MediaDistribution", "SignallingDriver",
            "MediaDriver", "ConfigurationFiles", "Cryptography", "Logging", "CertificateAuthority", "Telemetry",
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
    "MCSystem", "Audit", "CallAudit", "ConfigurationDocuments", "IdentityManagement", "Administration",
    "DocumentNotification", "Simulation", "FuzzTargets",
]

func dependencies(_ names: [String]) -> [Target.Dependency] {
    names.map { name in
        if let package = packages[name] { return .product(name: name, package: package) }
        return core.contains(name) ? .product(name: name, package: "Core") : .target(name: name)
    }
}

let shims: [Target] = [
    .target(name: "CNet"),
    .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")]),
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
                "HostTime", "Audit", "CallAudit", "ConfigurationDocuments", "IdentityManagement", "Administration",
                "Storage",
                "SQLiteStorage", "Credentials",
                "NationalAdministration", "CertificateAuthority", "Cryptography", "IdentityService", "WebServices",
                "Telemetry",
                "AdministrationService", "DocumentService", "DocumentNotification", "FleetFiles",
                "ExternalLogin",
            ]),
        swiftSettings: settings)
]
let outerTests: [Target] = [
    "Cryptography", "CertificateAuthority", "ConfigurationFiles", "Lab", "MediaDriver", "NationalSystem",
    "ResponderDriver",
    "SignallingDriver", "Speech", "Storage", "Credentials", "NationalAdministration", "WebServices", "IdentityService",
    "ResponderLogin", "Telemetry", "AdministrationService", "DocumentService", "FleetFiles",
    "ExternalLogin",
].map { name in
    // A device is tried against a system, the contract of a store on every engine, a service behind a listener.
    let peers = [
        "ResponderDriver": [
            "ConfigurationFiles", "NationalSystem", "NationalAdministration", "IdentityService", "DocumentService",
            "DocumentNotification", "WebServices", "Credentials", "Administration", "Storage", "Policy",
            "ConfigurationDocuments",
            "Cryptography", "IdentityManagement",
        ], "Storage": ["SQLiteStorage", "GRDB"],
        "IdentityService": ["ConfigurationDocuments", "Policy"],
        "NationalAdministration": ["SQLiteStorage"], "AdministrationService": ["Policy", "Logging"],
        "ResponderLogin": [
            "IdentityService", "Administration", "IdentityManagement", "WebServices", "Credentials", "Logging",
        ],
        "DocumentService": ["Audit", "Policy", "Storage"], "FleetFiles": ["MCFoundation", "Policy"],
        "ExternalLogin": ["IdentityService", "IdentityManagement", "WebServices", "Audit", "Logging"],
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
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: shims + outer + programs + outerTests + coreTests + houseTests
)
