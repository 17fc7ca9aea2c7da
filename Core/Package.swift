// swift-tools-version: 6.2
// Floors 0 to 2: everything that decides. No NIO, no Foundation, no clock, no randomness of its own:
// what a target may see is what stands in its line.
import Foundation
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
    ("Policy", ["MCFoundation", "HashTreeCollections"]),
    ("Registrar", ["MCFoundation", "SIP", "SIPUserAgent", "CallControl", "Policy"]),
    ("ParticipatingFunction", ["MCFoundation", "SIP", "SIPUserAgent", "SDP", "MCDocuments", "CallControl", "Policy", "OrderedCollections"]),
    ("ControllingFunction", ["MCFoundation", "SIP", "SIPUserAgent", "SDP", "FloorControl", "MCDocuments", "CallControl", "Policy", "OrderedCollections"]),
    ("MCGateway", ["MCFoundation", "CDigest", "SIP", "SIPUserAgent", "SDP", "FloorControl", "MCDocuments", "CallControl", "Policy", "OrderedCollections"]),
    ("MediaDistribution", ["MCFoundation", "RTP", "FloorControl", "CallControl", "HeapModule"]),
    ("Responder", ["MCFoundation", "SIP", "SIPUserAgent", "SDP", "RTP", "FloorControl", "MCDocuments", "CallControl", "OrderedCollections"]),
    ("MCSystem", ["MCFoundation", "SIP", "SIPUserAgent", "SDP", "MCDocuments", "CallControl", "Policy", "Registrar", "ParticipatingFunction", "ControllingFunction", "MCGateway", "OrderedCollections", "DequeModule"]),
    // What hostile bytes are fed to, by the fuzzer and by the tests that replay its corpus
    ("FuzzTargets", ["MCFoundation", "SIP", "SDP", "RTP", "FloorControl", "MCDocuments"]),
    // The world in one process, for tests, trials and whoever builds on us
    ("Simulation", ["MCFoundation", "SIP", "SIPUserAgent", "SDP", "RTP", "FloorControl", "MCDocuments", "CallControl", "Policy", "MCGateway", "MCSystem", "MediaDistribution", "Responder", "OrderedCollections", "HeapModule"]),
]
/// Tests that see two rooms at work together.
let testDependencies = ["ControllingFunction": ["ParticipatingFunction"]]
let collections = ["HashTreeCollections", "OrderedCollections", "HeapModule", "DequeModule"]

func dependency(_ name: String) -> Target.Dependency {
    collections.contains(name) ? .product(name: name, package: "swift-collections") : .target(name: name)
}
// SwiftPM keeps what this file evaluated to: after a directory has come, build once with `--manifest-cache none`.
func stands(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + path)
}
let standing = rooms.filter { stands("Sources/\($0.0)") }
func available(_ dependencies: [String]) -> [Target.Dependency] {
    dependencies.filter { collections.contains($0) || stands("Sources/\($0)") }.map(dependency)
}

var targets: [Target] = []
if stands("Sources/CDigest") {
    targets.append(.target(name: "CDigest", linkerSettings: [.linkedLibrary("crypto")]))
}
if stands("Sources/CXML") {
    targets.append(.systemLibrary(name: "CXML", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]))
}
for (name, dependencies) in standing {
    targets.append(.target(name: name, dependencies: available(dependencies), swiftSettings: settings))
    if stands("Tests/\(name)Tests") {
        targets.append(
            .testTarget(
                name: "\(name)Tests",
                dependencies: [.target(name: name)] + available(dependencies + (testDependencies[name] ?? [])),
                resources: stands("Tests/\(name)Tests/Resources") ? [.copy("Resources")] : [],
                swiftSettings: settings))
    }
}

let package = Package(
    name: "Core",
    products: standing.map { .library(name: $0.0, targets: [$0.0]) },
    dependencies: [.package(url: "https://github.com/apple/swift-collections", from: "1.6.0")],
    targets: targets
)
