import CallControl
import FloorControl
import MCFoundation
import OrderedCollections
public import Policy
import RTP
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
    let plan: WorldPlan
    let builder: WorldBuilder
    let groups: [WorldBuilder.GroupPlan]
    let groupsByID: [MCPTTGroupID: Int]
    var services: WorldServices
    private var random: SeededGenerator
    var systems: [SystemHost] = []
    var devices: [DeviceHost] = []
    var trouble: Trouble
    /// Talks that ended and whose last packets are under way.
    var talksToJudge: [JudgedTalk] = []
    private var steps: [Step] = []
    private let end: Instant

    /// What the script does at a time.
    private enum Step {
        case start(DeviceID)
        case press
        case pressOf(DeviceID, Int, seconds: Int)
        case release(DeviceID, Int)
        case declare(DeviceID, Int, CallTier)
        case judgeTier(Int, CallTier)
        case changeAffiliation
        case fault
        case heal(Fault)
        case rollCall(Int)
        case judge
        case forget
    }

    /// Everybody is registered, affiliated and connected by then.
    private static let settled = Duration.seconds(60)
    /// After the last fault or change everything must have come back within this time.
    private static let healing = Duration.seconds(240)
    /// Between the roll calls of two groups.
    private static let rollCallInterval = Duration.seconds(12)
    /// The hang time and the longest timers run out after the last word.
    private static let windDown = Duration.seconds(120)

    public init(_ plan: WorldPlan) throws(WorldError) {
        self.plan = plan
        builder = WorldBuilder(plan: plan)
        var random = SeededGenerator(seed: plan.seed)
        groups = builder.groups(&random)
        groupsByID = Dictionary(uniqueKeysWithValues: groups.enumerated().map { ($0.element.id, $0.offset) })
        services = WorldServices(
            network: VirtualNetwork(random: random.fork(), keepsLosses: true),
            trace: Trace(keepsLines: plan.keepsTrace), sabotage: plan.sabotage)
        trouble = Trouble(countries: plan.countries, devices: builder.deviceCount, until: .zero + World.settled)
        end = Instant.zero + World.settled + plan.duration
        self.random = random
        services.network.local = LinkConditions(
            jitter: plan.jitter, lossPerMille: plan.lossPerMille, duplicationPerMille: plan.duplicationPerMille)
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
        if plan.duration > .zero {
            schedule(.press, at: .zero + World.settled)
            schedule(.changeAffiliation, at: .zero + World.settled)
            if let interval = plan.faultInterval { schedule(.fault, at: .zero + World.settled + wait(interval)) }
        }
        let rollCall = end + (plan.faultInterval == nil ? .seconds(60) : World.healing)
        for index in groups.indices { schedule(.rollCall(index), at: rollCall + World.rollCallInterval * index) }
        let last = rollCall + World.rollCallInterval * groups.count + World.windDown
        if plan.sabotage == .forgottenAffiliation { schedule(.forget, at: last + .seconds(-10)) }
        while let delivery = services.network.next(before: last) {
            dispatch(delivery)
            for loss in services.network.takeLosses() { note(loss) }
            takeFinishedTalks()
        }
        judgeTheEnd()
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

    func scheduleJudging(at instant: Instant) { schedule(.judge, at: instant) }

    var now: Instant { services.network.instant }

    /// Exponential waiting would be truer; uniform between half and one and a half times the mean is enough here.
    private func wait(_ mean: Duration) -> Duration {
        let nanoseconds = UInt64(max(mean.wholeNanoseconds, 2))
        return .nanoseconds(Int64(nanoseconds / 2 + random.next() % nanoseconds))
    }

    private func pick(_ count: Int) -> Int { Int(random.next() % UInt64(max(count, 1))) }

    private func again(_ step: Step, after mean: Duration) {
        let next = now + wait(mean)
        if next < end { schedule(step, at: next) }
    }

    // MARK: The script

    private func play(_ step: Step) {
        switch step {
        case .start(let device):
            let wanted = groups.filter { $0.members.contains(device) }.map(\.id)
            devices[device.value].start(&services)
            devices[device.value].affiliate(wanted, &services)
        case .press:
            pressSomewhere()
            again(.press, after: plan.pressInterval)
        case .pressOf(let device, let group, let seconds):
            press(device, group, seconds: seconds)
        case .release(let device, let group):
            devices[device.value].release(groups[group].id, &services)
        case .declare(let device, let group, let tier):
            guard services.network.isRunning(devices[device.value].id) else { return }
            devices[device.value].declare(tier, in: groups[group].id, &services)
        case .judgeTier(let group, let tier):
            judgeTier(of: groups[group].id, tier)
        case .changeAffiliation:
            changeAffiliationSomewhere()
            again(.changeAffiliation, after: .seconds(45))
        case .fault:
            breakSomething()
            if let interval = plan.faultInterval { again(.fault, after: interval) }
        case .heal(let fault):
            heal(fault)
        case .rollCall(let group):
            rollCall(group)
        case .judge:
            judgeDueTalks()
        case .forget:
            systems[0].forgetAffiliation(&services)
        }
    }

    private func pressSomewhere() {
        let index = pick(groups.count)
        let group = groups[index]
        guard !group.members.isEmpty else { return }
        let device = group.members[pick(group.members.count)]
        let seconds = 3 + pick(7)
        if pick(10) == 0 {
            // Somebody declares an emergency in the call, and somebody calls it off.
            schedule(.declare(device, index, .emergency), at: now + .seconds(2))
            let other = group.members[pick(group.members.count)]
            schedule(.declare(other, index, .normal), at: now + .seconds(6 + pick(10)))
        }
        guard group.kind == .chat, !devices.contains(where: { $0.inCall(of: group.id) != nil }) else {
            return press(device, index, seconds: seconds)
        }
        // Some tune in, and then somebody talks.
        for _ in 0..<6 { join(group.members[pick(group.members.count)], group) }
        schedule(.pressOf(device, index, seconds: seconds), at: now + .seconds(4))
    }

    private func join(_ device: DeviceID, _ group: WorldBuilder.GroupPlan) {
        let host = devices[device.value]
        guard services.network.isRunning(host.id), host.affiliatedSince[group.id] != nil else { return }
        host.join(group.id, &services)
    }

    private func press(_ device: DeviceID, _ group: Int, seconds: Int) {
        let host = devices[device.value]
        guard services.network.isRunning(host.id), host.affiliatedSince[groups[group].id] != nil else { return }
        services.statistics.presses += 1
        host.press(groups[group].id, groups[group].kind == .chat ? .chat : .prearranged, &services)
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

    /// At the end two members speak in each group, the second while the first still talks: who wants the group must
    /// hear both.
    private func rollCall(_ index: Int) {
        let group = groups[index]
        let speakers = group.members.filter { devices[$0.value].affiliatedSince[group.id] != nil }
        guard let first = speakers.last else { return }
        if group.kind == .chat { for device in speakers { join(device, group) } }
        let start = group.kind == .chat ? now + .seconds(4) : now
        schedule(.pressOf(first, index, seconds: 8), at: start)
        // All who are in the call know what it is in.
        schedule(.declare(first, index, .emergency), at: start + .seconds(2))
        schedule(.judgeTier(index, .emergency), at: start + .seconds(5))
        schedule(.declare(first, index, .normal), at: start + .seconds(6))
        schedule(.judgeTier(index, .normal), at: start + .seconds(9))
        if let second = speakers.first, second != first {
            schedule(.pressOf(second, index, seconds: 12), at: start + .seconds(3))
        }
    }

    private func judgeTier(of group: MCPTTGroupID, _ tier: CallTier) {
        for host in devices where services.network.isRunning(host.id) {
            // Who has just come in is being told.
            guard let since = host.inCall(of: group), now - since > .seconds(2), let believed = host.tier(of: group)
            else { continue }
            services.observe(.tier(host.device, group, believed: believed, declared: tier))
        }
    }

    // MARK: Faults

    private func breakSomething() {
        services.statistics.faults += 1
        let fault = Fault.any(countries: plan.countries, devices: devices.count, &random)
        let back = now + .seconds(5 + pick(40))
        trouble.note(fault, until: back)
        switch fault {
        case .partition(let left, let right): services.network.partition(left, from: right)
        case .oneWay(let source, let target): services.network.cut(from: source, to: target)
        case .isolation(let country):
            for other in 0..<plan.countries where other != country { services.network.partition(country, from: other) }
        case .systemCrash(let country, let crash): services.network.crash(systems[country].id, crash)
        case .deviceCrash(let device, let crash): services.network.crash(devices[device.value].id, crash)
        case .noCoverage(let device): services.network.setCoverage(devices[device.value].id, false)
        }
        schedule(.heal(fault), at: back)
    }

    private func heal(_ fault: Fault) {
        switch fault {
        case .partition(let left, let right): services.network.heal(left, and: right)
        case .oneWay(let source, let target): services.network.restore(from: source, to: target)
        case .isolation(let country):
            for other in 0..<plan.countries where other != country { services.network.heal(country, and: other) }
        case .systemCrash(let country, _):
            // A second crash of the same system found it down: it comes back once.
            guard !services.network.isRunning(systems[country].id) else { return }
            services.network.restart(systems[country].id)
            systems[country].restart(&services)
        case .deviceCrash(let device, _):
            guard !services.network.isRunning(devices[device.value].id) else { return }
            services.network.restart(devices[device.value].id)
            // The settings made a machine before; they make one again.
            try? devices[device.value].restart(&services)
        case .noCoverage(let device): services.network.setCoverage(devices[device.value].id, true)
        }
    }
}
