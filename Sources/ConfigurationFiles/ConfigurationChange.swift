/// What a configuration that was read again means for a system that runs: part of it takes effect at once, part only at
/// the next start.
public struct ConfigurationChange: Sendable {
    /// Keys whose new value takes effect now, in the order of the file.
    public var takesEffect: [String]
    /// Keys whose new value waits for a restart, in the order of the file.
    public var needsRestart: [String]
    /// What the system runs by from now on: the new values where they take effect, the old ones elsewhere.
    public var effective: SystemConfiguration

    /// `running` is what the system runs by, `fresh` what the file says now.
    public init(from running: SystemConfiguration, to fresh: SystemConfiguration) {
        var effective = fresh
        var waiting: [String] = []
        func wait<Part: Equatable>(_ key: String, _ part: WritableKeyPath<SystemConfiguration, Part>) {
            guard running[keyPath: part] != fresh[keyPath: part] else { return }
            waiting.append(key)
            effective[keyPath: part] = running[keyPath: part]
        }
        // Whom clients and partners know, and what is bound, is so for as long as the process lives.
        wait("system", \.identity)
        wait("system.name", \.name)
        wait("system.country", \.country)
        wait("listeners.access", \.access)
        wait("listeners.interconnection", \.interconnection)
        wait("media", \.media)
        wait("media.second_ports", \.secondPorts)
        // The cell is told these once.
        wait("timers.registration_expires", \.timers.registrationExpires)
        wait("timers.flow_timer", \.timers.flowTimer)
        wait("timers.heartbeat", \.timers.heartbeat)
        wait("timers.idle", \.timers.idle)
        wait("limits.header_octets", \.limits.headerOctets)
        wait("limits.body_octets", \.limits.bodyOctets)
        wait("limits.lost_heartbeats", \.limits.lostHeartbeats)
        wait("floor", \.floor)
        wait("directory", \.directory)
        wait("web", \.web)
        var changed: [String] = []
        func take<Part: Equatable>(_ key: String, _ part: KeyPath<SystemConfiguration, Part>) {
            if running[keyPath: part] != effective[keyPath: part] { changed.append(key) }
        }
        take("certificates", \.certificates)
        take("partners", \.partners)
        take("timers", \.timers)
        take("limits", \.limits)
        take("log_level", \.logLevel)
        takesEffect = changed
        needsRestart = waiting
        self.effective = effective
    }
}
