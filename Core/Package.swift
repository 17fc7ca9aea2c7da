// swift-tools-version: 6.2
// Floors 0 to 2: everything that decides. No NIO, no Foundation, no clock, no randomness of its own:
// what a target may see is what stands in its line.
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// name: what it depends on. Each has its tests in Tests/<name>Tests.
let rooms: [(String, [String])] = [
    // Floor 0: ground
    ("MCFoundation", []),
    // Floor 1: protocols
    ("SIP", ["MCFoundation", "CDigest"]),
    ("SIPUserAgent", ["MCFoundation", "SIP"]),
    ("SDP", ["MCFoundation"]),
    ("RTP", ["MCFoundation"]),
    ("FloorControl", ["MCFoundation", "OrderedCollections"]),
    ("MCDocuments", ["MCFoundation", "CXML"]),
    ("CallControl", ["MCFoundation", "SIP", "SIPUserAgent", "SDP", "FloorControl", "MCDocuments"]),
    // Floor 2: functions
    ("Audit", ["MCFoundation", "CDigest"]),
    ("CallAudit", ["MCFoundation", "CallControl", "Audit", "Policy"]),
    ("Policy", ["MCFoundation", "FloorControl", "HashTreeCollections"]),
    (
        "ConfigurationDocuments",
        ["MCFoundation", "CDigest", "CXML", "MCDocuments", "FloorControl", "Policy", "OrderedCollections"]
    ),
    ("IdentityManagement", ["MCFoundation", "CDigest", "Audit", "HashTreeCollections", "OrderedCollections"]),
    (
        "Administration",
        [
            "MCFoundation", "MCDocuments", "ConfigurationDocuments", "Audit", "Policy", "IdentityManagement",
            "HashTreeCollections", "OrderedCollections",
        ]
    ),
    ("Registrar", ["MCFoundation", "SIP", "SIPUserAgent", "CallControl", "Policy"]),
    (
        "ParticipatingFunction",
        [
            "MCFoundation", "SIP", "SIPUserAgent", "SDP", "FloorControl", "MCDocuments", "CallControl", "Policy",
            "OrderedCollections",
        ]
    ),
    (
        "ControllingFunction",
        [
            "MCFoundation", "SIP", "SIPUserAgent", "SDP", "FloorControl", "MCDocuments", "CallControl", "Policy",
            "OrderedCollections",
        ]
    ),
    (
        "MCGateway",
        [
            "MCFoundation", "CDigest", "SIP", "SIPUserAgent", "SDP", "FloorControl", "MCDocuments", "CallControl",
            "Policy", "OrderedCollections",
        ]
    ),
    ("MediaDistribution", ["MCFoundation", "RTP", "FloorControl", "CallControl", "HeapModule"]),
    (
        "Responder",
        [
            "MCFoundation", "SIP", "SIPUserAgent", "SDP", "RTP", "FloorControl", "MCDocuments", "CallControl",
            "ConfigurationDocuments", "OrderedCollections",
        ]
    ),
    (
        "DocumentNotification",
        [
            "MCFoundation", "SIP", "SIPUserAgent", "MCDocuments", "ConfigurationDocuments", "CallControl", "Policy",
            "Administration", "OrderedCollections",
        ]
    ),
    (
        "MCSystem",
        [
            "MCFoundation", "SIP", "SIPUserAgent", "SDP", "FloorControl", "MCDocuments", "CallControl", "Policy",
            "Registrar", "ParticipatingFunction", "ControllingFunction", "MCGateway", "ConfigurationDocuments",
            "Administration",
            "DocumentNotification", "OrderedCollections", "DequeModule",
        ]
    ),
    // What hostile bytes are fed to, by the fuzzer and by the tests that replay its corpus
    (
        "FuzzTargets",
        [
            "MCFoundation", "SIP", "SIPUserAgent", "SDP", "RTP", "FloorControl", "MCDocuments",
            "ConfigurationDocuments", "Policy", "Audit", "Administration", "MCSystem",
        ]
    ),
    // The world in one process, for tests, trials and whoever builds on us
    (
        "Simulation",
        [
            "MCFoundation", "SIP", "SIPUserAgent", "SDP", "RTP", "FloorControl", "MCDocuments", "CallControl", "Policy",
            "MCGateway", "MCSystem", "MediaDistribution", "Responder", "OrderedCollections", "HeapModule",
        ]
    ),
]
/// Tests that see two rooms at work together.
let testDependencies = [
    "ControllingFunction": ["ParticipatingFunction"],
    "MCSystem": ["Audit", "CallAudit", "MediaDistribution"],
    "Registrar": ["MCDocuments"], "Responder": ["Administration"],
]
let testResources = ["SIP"]
let collections = ["HashTreeCollections", "OrderedCollections", "HeapModule", "DequeModule"]

func dependencies(_ names: [String]) -> [Target.Dependency] {
    names.map { collections.contains($0) ? .product(name: $0, package: "swift-collections") : .target(name: $0) }
}

let shims: [Target] = [
    .target(name: "CDigest", linkerSettings: [.linkedLibrary("crypto")]),
    .systemLibrary(name: "CXML", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
]
let targets = rooms.flatMap { name, needs -> [Target] in
    [
        .target(name: name, dependencies: dependencies(needs), swiftSettings: settings),
        .testTarget(
            name: "\(name)Tests", dependencies: dependencies([name] + needs + (testDependencies[name] ?? [])),
            resources: testResources.contains(name) ? [.copy("Resources")] : [], swiftSettings: settings),
    ]
}

let package = Package(
    name: "Core",
    products: rooms.map { .library(name: $0.0, targets: [$0.0]) },
    dependencies: [.package(url: "https://github.com/apple/swift-collections", from: "1.6.0")],
    targets: shims + targets
)
