// swift-tools-version: 6.2
// Sources/MediaDriver, Sources/HostTime and Sources/CNet are links to those of the programs: the benchmark builds them
// without the rest.
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]
let core: [Target.Dependency] = ["MCFoundation", "RTP", "FloorControl", "CallControl", "MediaDistribution"].map {
    .product(name: $0, package: "Core")
}

let package = Package(
    name: "media-fanout",
    dependencies: [.package(path: "../../Core")],
    targets: [
        .target(name: "CNet"),
        .target(name: "CFanout"),
        .target(
            name: "HostTime", dependencies: [.product(name: "MCFoundation", package: "Core")], swiftSettings: settings),
        .target(name: "MediaDriver", dependencies: ["CNet", "HostTime"] + core, swiftSettings: settings),
        .executableTarget(
            name: "media-fanout", dependencies: ["CFanout", "HostTime", "MediaDriver"] + core, swiftSettings: settings),
        // The driver's own tests, so that they can be run without building the programs.
        .testTarget(
            name: "MediaDriverTests", dependencies: ["HostTime", "MediaDriver"] + core, swiftSettings: settings),
    ]
)
