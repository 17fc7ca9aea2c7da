import ConfigurationDocuments
internal import MCDocuments
internal import MCFoundation

/// The MCVideo user profile (TS 24.484 9.3), as it is made of the fleet map.
///
/// OPEN: `<MaxSimultaneousVideoStreams>`, aliases, recipients of private and emergency calls and the off-network part: the
/// fleet map has none of them.
struct MCVideoUserProfile {
    var owner: String
    var index: UInt8
    var profileName: String?
    var user: UserProfileDocument.Entry
    var organisation: String?
    var priority: UInt8
    /// N6; the schema wants one at least.
    var maximumGroupCalls: Int
    var maximumAffiliations: Int
    var groups: [UserProfileDocument.Entry]
    /// What is allowed; rights that the schema has no element for are left out.
    var rights: [UserRight]

    /// The elements of the schema that are rights of the fleet map.
    static let known: [UserRight] = [
        .presenceStatus, .requestPresence, .queryAvailabilityForPrivateCalls, .enableDisableUser, .enableDisableUE,
        .privateCall, .manualCommencement, .automaticCommencement, .forceAutoAnswer, .failureRestriction,
        .emergencyGroupCall, .emergencyPrivateCall, .cancelGroupEmergency, .cancelPrivateEmergencyCall,
        .imminentPerilCall, .cancelImminentPeril, .activateEmergencyAlert, .cancelEmergencyAlert, .offnetwork,
        .imminentPerilChange, .privateCallMediaProtection, .requestAffiliatedGroups, .requestToAffiliateOtherUsers,
        .recommendToAffiliateOtherUsers, .privateCallToAnyUser, .regroup, .privateCallParticipation,
        .manualOffNetworkSwitch, .offNetworkGroupCallChangeToEmergency, .revokeTransmit, .createGroupBroadcastGroup,
        .createUserBroadcastGroup,
    ]

    func serialized() -> [UInt8] {
        var writer = XMLWriter()
        let attributes: [(String, String?)] = [
            ("xmlns", ConfigurationNamespace.mcvideoUserProfile), ("xmlns:cp", ConfigurationNamespace.commonPolicy),
            ("XUI-URI", owner), ("user-profile-index", String(index)),
        ]
        writer.element("mcvideo-user-profile", attributes) { writer in
            writer.element("Status", true)
            writer.element("ProfileName", optional: profileName)
            writer.element("Pre-selected-indication")
            writer.element("Common") { writer in
                Self.write(user, "MCVideoUserID", to: &writer)
                writer.element("MCVideo-group-call") { writer in
                    if maximumGroupCalls > 0 { writer.element("MaxSimultaneousCallsN6", optional: maximumGroupCalls) }
                    writer.element("Priority", optional: priority)
                }
                writer.element("MissionCriticalOrganization", optional: organisation)
            }
            writer.element("OnNetwork") { writer in
                for group in groups {
                    writer.element("MCVideoGroupInfo") { Self.write(group, "MCVideo-Group-ID", to: &$0) }
                }
                writer.element("MaxAffiliationsN2", optional: maximumAffiliations)
            }
            writer.element("cp:ruleset") { writer in
                writer.element("cp:rule", [("id", "user")]) { writer in
                    writer.element("cp:actions") { writer in
                        for right in Self.known where rights.contains(right) { writer.element(right.rawValue, true) }
                    }
                }
            }
        }
        return writer.octets
    }

    private static func write(_ entry: UserProfileDocument.Entry, _ name: String, to writer: inout XMLWriter) {
        writer.element(name) { writer in
            writer.element("uri-entry", text: entry.uri)
            writer.element("display-name", optional: entry.displayName)
        }
    }
}

/// The MCVideo service configuration (TS 24.484 9.4): what stands in that of MCPTT for both, and the timers of
/// transmission control (TS 24.581 11) in the spelling of the schema.
enum MCVideoServiceConfiguration {
    static func serialized(_ common: ServiceConfiguration) -> [UInt8] {
        var writer = XMLWriter()
        let attributes: [(String, String?)] = [("xmlns", ConfigurationNamespace.mcvideoServiceConfiguration)]
        writer.element("service-configuration-info", attributes) { writer in
            writer.element("service-configuration-params", [("domain", common.domain)]) { writer in
                writer.element("on-network") { writer in
                    // Absent means true, and there are no keys.
                    writer.element("signalling-protection") { writer in
                        writer.element("confidentiality-protection", false)
                        writer.element("integrity-protection", false)
                    }
                    writer.element("protection-between-mcvideo-servers") { writer in
                        writer.element("allow-signalling-protection", false)
                        writer.element("allow-transmission-control-protection", false)
                    }
                    for (name, priority) in [
                        ("emergency-resource-priority", common.emergencyPriority),
                        ("imminent-peril-resource-priority", common.imminentPerilPriority),
                        ("normal-resource-priority", common.normalPriority),
                    ] {
                        writer.element(name) { writer in
                            writer.element("resource-priority-namespace", text: priority.namespace)
                            writer.element("resource-priority-priority", text: priority.priority)
                        }
                    }
                    writer.element("anyExt") { writer in
                        writer.element("tc-timers-counters-R14") { writeTimers(to: &$0) }
                    }
                }
            }
        }
        return writer.octets
    }

    /// T100 to T104 and T2 have no default in TS 24.581: a second.
    private static func writeTimers(to writer: inout XMLWriter) {
        for (name, seconds) in [
            ("T100-transmission-request", 1), ("T101-transmission-end-request", 1),
            ("T102-queue-position-request", 1), ("T103-receive-media-request", 1), ("T104-receive-media-release", 1),
        ] {
            writer.element(name, optional: seconds)
        }
        for (name, seconds) in [
            ("private-call-hang-timer", 30), ("T2-transmission-idle", 1), ("T3-transmission-revoke", 1),
            ("T4-transmission-granted", 1), ("reception-hang-time", 30), ("T6-reception-granted", 1),
            ("T11-stream-reception-idle", 10),
        ] {
            writer.element(name, optional: Duration.seconds(seconds))
        }
        for (name, count) in [
            ("C2-transmission-idle", 10), ("C4-transmission-granted", 3), ("C6-reception-granted", 3),
            ("C7-reception-accpeted", 2), ("C11-media-receivers", 4),
        ] {
            writer.element(name, optional: count)
        }
    }
}

/// The MCVideo UE configuration (TS 24.484 9.2): the bounds of the MCPTT one, in the spelling of its own schema.
enum MCVideoUEConfiguration {
    static func serialized(_ common: UEConfiguration) -> [UInt8] {
        var writer = XMLWriter()
        let attributes: [(String, String?)] = [
            ("xmlns", ConfigurationNamespace.mcvideoUEConfiguration), ("domain", common.domain),
            ("XUI-URI", common.owner), ("Instance-ID-URN", common.instanceID),
        ]
        writer.element("mcvideo-UE-configuration", attributes) { writer in
            if let instance = common.instanceID {
                writer.element("mcvideo-UE-id") { $0.element("Instance-ID-URN", text: instance) }
            }
            writer.element("name", optional: common.name)
            writer.element("common") { writeCommon(common, to: &$0) }
            writer.element("on-network") { writer in
                writer.element("IPv6Preferred", common.prefersIPv6)
                writer.element("Relay-Service", common.isRelay)
                // The schema wants one, though nothing is relayed.
                writer.element("Relayed-MCVIDEO-Group") { writer in
                    writer.element("MCVIDEO-Group-ID")
                    writer.element("Relay-Service-Code")
                }
            }
            writer.element("anyExt")
        }
        return writer.octets
    }

    private static func writeCommon(_ common: UEConfiguration, to writer: inout XMLWriter) {
        writer.element("MCVIDEO-Private-Call") {
            $0.element("Max-Simul-Call-Nc10", optional: common.maximumPrivateCalls)
        }
        writer.element("MCVIDEO-Group-Call") { writer in
            writer.element("Max-Simul-Call-Nc4", optional: max(1, common.maximumGroupCalls))
            writer.element("Max-Simul-Trans-Nc5", optional: max(1, common.maximumTransmissions))
            writer.element("Prioritized-MCVIDEO-Group") { writer in
                for priority in common.groupPriorities {
                    writer.element("MCVIDEO-Group-Priority") { writer in
                        writer.element("MCVIDEO-Group-ID", text: priority.group.value)
                        writer.element("group-priority-hierarchy", optional: priority.level)
                    }
                }
            }
        }
    }
}
