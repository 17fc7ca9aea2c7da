// swift-tools-version: 6.2
// Floors 3 and 4: the world (drivers, speech, configuration) and the programs. What decides lives in Core.
import Foundation
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// Where a product comes from that is not ours.
let packages: [String: String] = [
    "NIOCore": "swift-nio", "NIOConcurrencyHelpers": "swift-nio", "NIOPosix": "swift-nio", "NIOTLS": "swift-nio",
    "NIOSSL": "swift-nio-ssl", "X509": "swift-certificates",
    "Crypto": "swift-crypto", "SwiftASN1": "swift-asn1",
    "ArgumentParser": "swift-argument-parser", "Logging": "swift-log", "Yams": "Yams",
    "HashTreeCollections": "swift-collections", "OrderedCollections": "swift-collections",
    "HeapModule": "swift-collections", "DequeModule": "swift-collections",
]

/// name: what it depends on. Each has its tests in Tests/<name>Tests.
let rooms: [(String, [String])] = [
    // Floor 3: world
    ("SignallingDriver", ["MCFoundation", "SIP", "SIPUserAgent", "CallControl", "Policy", "MCSystem", "NIOCore", "NIOConcurrencyHelpers", "NIOPosix", "NIOTLS", "NIOSSL", "SwiftASN1", "X509", "Logging"]),
    ("MediaDriver", ["CNet", "MCFoundation", "RTP", "FloorControl", "CallControl", "MediaDistribution"]),
    ("Speech", ["CSpeech", "MCFoundation", "SDP", "RTP"]),
    ("ResponderDriver", ["MCFoundation", "SIPUserAgent", "SDP", "RTP", "FloorControl", "CallControl", "Responder", "SignallingDriver", "MediaDriver", "Speech", "Logging"]),
    ("CertificateAuthority", ["X509", "Crypto", "SwiftASN1"]),
    // Floor 4: programs
    ("Configuration", ["MCFoundation", "SIP", "SIPUserAgent", "FloorControl", "CallControl", "Policy", "Yams"]),
    ("Lab", ["MCFoundation", "SIP", "SIPUserAgent", "SDP", "RTP", "FloorControl", "MCDocuments", "CallControl", "Policy", "MCSystem", "MediaDistribution", "Responder", "SignallingDriver", "MediaDriver", "ResponderDriver", "Speech", "CertificateAuthority", "Configuration", "Logging"]),
]
let core = [
    "MCFoundation", "SIP", "SIPUserAgent", "SDP", "RTP", "FloorControl", "MCDocuments", "CallControl", "Policy",
    "Registrar", "ParticipatingFunction", "ControllingFunction", "MCGateway", "MediaDistribution", "Responder", "MCSystem",
    "Simulation", "FuzzTargets",
]

func stands(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + path)
}
func dependency(_ name: String) -> Target.Dependency? {
    if let package = packages[name] { return .product(name: name, package: package) }
    if core.contains(name) {
        return stands("Core/Sources/\(name)") ? .product(name: name, package: "Core") : nil
    }
    return stands("Sources/\(name)") ? .target(name: name) : nil
}
func tests(_ name: String, in folder: String, _ dependencies: [String]) -> [Target] {
    let path = "\(folder)/\(name)Tests"
    guard stands(path) else { return [] }
    return [
        .testTarget(
            name: "\(name)Tests", dependencies: dependencies.compactMap(dependency), path: path,
            resources: stands(path + "/Resources") ? [.copy("Resources")] : [], swiftSettings: settings)
    ]
}

var targets: [Target] = []
if stands("Sources/CNet") { targets.append(.target(name: "CNet")) }
if stands("Sources/CSpeech") {
    targets.append(
        .target(
            name: "CSpeech",
            linkerSettings: ["opus", "opencore-amrwb", "vo-amrwbenc"].map { .linkedLibrary($0) }))
}
for (name, dependencies) in rooms where stands("Sources/\(name)") {
    targets.append(
        .target(name: name, dependencies: dependencies.compactMap(dependency), swiftSettings: settings))
    let certificates = name == "SignallingDriver" ? ["CertificateAuthority"] : []
    targets += tests(name, in: "Tests", [name] + dependencies + certificates)
}
targets.append(
    .executableTarget(
        name: "euccs",
        dependencies: (core + rooms.map(\.0) + ["ArgumentParser", "Logging"]).compactMap(dependency),
        swiftSettings: settings))
// The tests of Core run in the same build as everything else; `swift test` inside Core runs them alone.
for name in core {
    targets += tests(name, in: "Core/Tests", core + ["HashTreeCollections", "OrderedCollections"])
}
targets += tests("Hygiene", in: "Tests", [])

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
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: targets
)
