import MCFoundation
import OrderedCollections
public import Policy
public import Responder

/// Why no world could be made of a plan.
public enum WorldError: Error {
    case directory(DirectoryError)
    case responder(ResponderSettingsError)
    case settings
}

/// Many countries in one process: systems, responders, a network, faults, and checkers that watch. The same plan gives
/// the same trace in every process.
public final class World {
    private let plan: WorldPlan
    private let builder: WorldBuilder
    private let groups: [WorldBuilder.GroupPlan]
    private let groupsByID: [MCPTTGroupID: Int]
    private var services: WorldServices
    private var random: SeededGenerator
    private var systems: [SystemHost] = []
    private var devices: [DeviceHost] = []
    private var steps: [Step] = []
    /// Bursts that begin before everything has settled after a fault are not judged.
    private var disturbedUntil: Instant
    private let end: Instant

    /// What the script does at a time.
    private enum Step {
        case start(DeviceID)
        case press
        case release(DeviceID, MCPTTGroupID)
        case changeAffiliation
        case fault
        case healPartition(Int, Int)
        case restartSystem(Int)
        case restartDevice(DeviceID)
        case rollCall(Int)
    }

    /// Everybody is registered, affiliated and connected by then.
    private static let settled = Duration.seconds(60)
    /// After the last fault or change everything must have come back within this time.
    private static let healing = Duration.seconds(240)
    /// How long before a burst a device must have been undisturbed to be expected to hear it.
    private static let calm = Duration.seconds(30)

    public init(_ plan: WorldPlan) throws(WorldError) {
        self.plan = plan
        builder = WorldBuilder(plan: plan)
        var random = SeededGenerator(seed: plan.seed)
        groups = builder.groups(&random)
        groupsByID = Dictionary(uniqueKeysWithValues: groups.enumerated().map { ($0.element.id, $0.offset) })
        services = WorldServices(
            network: VirtualNetwork(random: random.fork()), trace: Trace(keepsLines: plan.keepsTrace))
        disturbedUntil = Instant.zero + World.settled
        end = Instant.zero + World.settled + plan.duration
        self.random = random
        let link = LinkConditions(
            jitter: plan.jitter, lossPerMille: plan.lossPerMille, duplicationPerMille: plan.duplicationPerMille)
        services.network.local = link
        services.network.border = LinkConditions(
            latency: .milliseconds(20), jitter: plan.jitter, lossPerMille: plan.lossPerMille,
            duplicationPerMille: plan.duplicationPerMille)
        try addSystems()
        try addDevices()
    }

    private func addSystems() throws(WorldError) {
        for country in 0..<plan.countries {
            let addresses = SystemAddresses(country: country)
            let host = services.network.addHost(addresses.accessSIP.address, zone: country)
            services.network.addAddress(addresses.interconnectionSIP.address, of: host)
            services.network.listen(host, on: addresses.accessSIP)
            services.network.listen(host, on: addresses.interconnectionSIP)
            services.systemsByAddress[addresses.interconnectionSIP.address] = builder.system(country)
            let directory: DirectorySnapshot
            do { directory = try builder.directory(country, groups) } catch { throw .directory(error) }
            guard let settings = builder.cellSettings(country) else { throw .settings }
            systems.append(
                SystemHost(
                    id: host, system: builder.system(country), addresses: addresses, settings: settings,
                    directory: directory, random: random.fork(), at: services.time))
        }
    }

    private func addDevices() throws(WorldError) {
        for number in 0..<builder.deviceCount {
            let device = DeviceID(number)
            let host = services.network.addHost(builder.address(device), zone: builder.country(of: device))
            do {
                devices.append(
                    try DeviceHost(
                        id: host, device: device, country: builder.country(of: device),
                        address: builder.address(device), settings: builder.responderSettings(device),
                        packetInterval: plan.packetInterval, random: random.fork()))
            } catch { throw .responder(error) }
        }
    }

    // MARK: Running

    /// Plays the whole plan: set-up, activity with faults, healing, roll call of every group, winding up.
    public func run() -> WorldOutcome {
        for number in devices.indices {
            schedule(.start(DeviceID(number)), at: .zero + .milliseconds(Int(random.next() % 20_000)))
        }
        schedule(.press, at: .zero + World.settled)
        schedule(.changeAffiliation, at: .zero + World.settled)
        if let interval = plan.faultInterval { schedule(.fault, at: .zero + World.settled + interval) }
        let rollCall = end + World.healing
        for index in groups.indices { schedule(.rollCall(index), at: rollCall + .seconds(12 * index)) }
        // The hang time and the longest timers run out after the last word.
        let last = rollCall + .seconds(12 * groups.count) + .seconds(120)
        while let delivery = services.network.next(before: last) {
            dispatch(delivery)
            judgeFinishedTalks()
        }
        services.observe(.stopped)
        return WorldOutcome(
            plan: plan, violations: services.checkers.violations, statistics: services.statistics,
            trace: services.trace, network: services.network.counters)
    }

    private func dispatch(_ delivery: Delivery) {
        if case .script(let step) = delivery { return play(steps[step]) }
        guard let host = delivery.host else { return }
        if host.value < systems.count {
            systems[host.value].handle(delivery, &services)
        } else {
            devices[host.value - systems.count].handle(delivery, &services)
        }
    }

    private func schedule(_ step: Step, at instant: Instant) {
        steps.append(step)
        services.network.runScript(steps.count - 1, at: instant)
    }

    private var now: Instant { services.network.instant }

    /// Exponential waiting would be truer; uniform between half and one and a half times the mean is enough here.
    private func wait(_ mean: Duration) -> Duration {
        let nanoseconds = UInt64(max(mean.wholeNanoseconds, 2))
        return .nanoseconds(Int64(nanoseconds / 2 + random.next() % nanoseconds))
    }

    private func pick(_ count: Int) -> Int { Int(random.next() % UInt64(max(count, 1))) }

    // MARK: The script

    private func play(_ step: Step) {
        switch step {
        case .start(let device):
            let wanted = groups.filter { $0.members.contains(device) }.map(\.id)
            let host = devices[device.value]
            host.start(&services)
            host.affiliate(wanted, &services)
        case .press:
            pressSomewhere()
            let next = now + wait(plan.pressInterval)
            if next < end { schedule(.press, at: next) }
        case .release(let device, let group):
            devices[device.value].release(group, &services)
        case .changeAffiliation:
            changeAffiliationSomewhere()
            let next = now + wait(.seconds(45))
            if next < end { schedule(.changeAffiliation, at: next) }
        case .fault:
            breakSomething()
            if let interval = plan.faultInterval {
                let next = now + wait(interval)
                if next < end { schedule(.fault, at: next) }
            }
        case .healPartition(let left, let right):
            services.network.heal(left, and: right)
        case .restartSystem(let country):
            services.network.restart(systems[country].id)
            systems[country].restart(&services)
        case .restartDevice(let device):
            services.network.restart(devices[device.value].id)
            // The settings made a machine before; they make one again.
            try? devices[device.value].restart(&services)
        case .rollCall(let group):
            rollCall(groups[group])
        }
    }

    private func pressSomewhere() {
        let group = groups[pick(groups.count)]
        guard !group.members.isEmpty else { return }
        let device = group.members[pick(group.members.count)]
        press(device, group.id, seconds: 3 + pick(7))
    }

    private func press(_ device: DeviceID, _ group: MCPTTGroupID, seconds: Int) {
        let host = devices[device.value]
        guard services.network.isRunning(host.id), host.affiliatedSince[group] != nil else { return }
        services.statistics.presses += 1
        host.press(group, &services)
        schedule(.release(device, group), at: now + .seconds(seconds))
    }

    /// A responder leaves a group for a while or comes back to it.
    private func changeAffiliationSomewhere() {
        let group = groups[pick(groups.count)]
        guard !group.members.isEmpty else { return }
        let host = devices[group.members[pick(group.members.count)].value]
        guard services.network.isRunning(host.id) else { return }
        if host.wanted.contains(group.id) {
            host.affiliate(host.wanted.filter { $0 != group.id }, &services)
        } else {
            host.affiliate(host.wanted + [group.id], &services)
        }
    }

    private func breakSomething() {
        services.statistics.faults += 1
        let length = Duration.seconds(5 + pick(40))
        let back = now + length
        disturbedUntil = max(disturbedUntil, back + .seconds(150))
        switch pick(4) {
        case 0, 1:
            let left = pick(plan.countries)
            let right = (left + 1 + pick(plan.countries - 1)) % plan.countries
            guard left != right else { return }
            services.network.partition(left, from: right)
            schedule(.healPartition(left, right), at: back)
        case 2:
            let country = pick(plan.countries)
            services.network.crash(systems[country].id)
            schedule(.restartSystem(country), at: back)
        default:
            let device = DeviceID(pick(devices.count))
            services.network.crash(devices[device.value].id)
            schedule(.restartDevice(device), at: back)
        }
    }

    // MARK: Judging

    /// Everybody who was affiliated and undisturbed long enough before a burst must have heard it.
    private func judgeFinishedTalks() {
        guard !services.finishedTalks.isEmpty else { return }
        let talks = services.finishedTalks
        services.finishedTalks = []
        for talk in talks {
            services.statistics.bursts += 1
            guard talk.from >= disturbedUntil, talk.to - talk.from >= .seconds(4), talk.packets >= 4,
                let index = groupsByID[talk.group]
            else { continue }
            let expected = groups[index].members.filter { device in
                let host = devices[device.value]
                guard device != talk.device, let since = host.affiliatedSince[talk.group] else { return false }
                return talk.from - since >= World.calm && talk.from - host.disturbedAt >= World.calm
            }
            services.statistics.judgedBursts += 1
            services.statistics.judgedHearings += expected.count
            services.observe(.burstEnded(ssrc: talk.ssrc, from: talk.from, expected: expected))
        }
    }

    /// At the end one member speaks in each group: who wants the group must hear, and nobody else may be affiliated.
    private func rollCall(_ group: WorldBuilder.GroupPlan) {
        for device in group.members {
            let host = devices[device.value]
            services.observe(
                .affiliation(
                    device, group.id, isWanted: host.wanted.contains(group.id),
                    isKnownToOwner: host.affiliatedSince[group.id] != nil))
        }
        guard let speaker = group.members.first(where: { devices[$0.value].affiliatedSince[group.id] != nil }) else {
            return
        }
        press(speaker, group.id, seconds: 8)
    }
}
