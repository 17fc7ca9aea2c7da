import MCFoundation

/// What the fault schedule breaks for a while.
enum Fault: Hashable, Sendable {
    /// Two countries do not reach each other.
    case partition(Int, Int)
    /// Nothing gets from the first country to the second; the way back is open.
    case oneWay(from: Int, to: Int)
    /// A country reaches no other.
    case isolation(Int)
    case systemCrash(Int, Crash)
    case deviceCrash(DeviceID, Crash)
    /// A device in a tunnel.
    case noCoverage(DeviceID)

    static func any(countries: Int, devices: Int, _ random: inout SeededGenerator) -> Fault {
        func pick(_ count: Int) -> Int { Int(random.next() % UInt64(max(count, 1))) }
        let country = pick(countries)
        let other = (country + 1 + pick(countries - 1)) % countries
        let device = DeviceID(pick(devices))
        let crash: Crash = pick(2) == 0 ? .process : .power
        switch pick(8) {
        case 0 where country != other, 1 where country != other: return .partition(country, other)
        case 2 where country != other: return .oneWay(from: country, to: other)
        case 3: return .isolation(country)
        case 4, 5: return .systemCrash(country, crash)
        case 6: return .deviceCrash(device, crash)
        default: return .noCoverage(device)
        }
    }
}

/// Where a fault has left traces, and until when: what happens elsewhere is judged as on every other day.
struct Trouble {
    /// By the two countries; on the diagonal that of one country's own system.
    private var between: [[Instant]]
    private var device: [Instant]

    /// After a way opened again: heartbeats find the partner, affiliations are published again, members rejoin.
    static let afterPartition = Duration.seconds(60)
    /// After a system came back, a device that was not told finds out by its keep-alive (Flow-Timer 120 s).
    static let afterCrash = Duration.seconds(150)
    static let afterDevice = Duration.seconds(150)

    init(countries: Int, devices: Int, until: Instant) {
        between = Array(repeating: Array(repeating: until, count: countries), count: countries)
        device = Array(repeating: until, count: devices)
    }

    /// A fault that is healed at `back`.
    mutating func note(_ fault: Fault, until back: Instant) {
        switch fault {
        case .partition(let left, let right), .oneWay(let left, let right):
            note(left, right, until: back + Self.afterPartition)
        case .isolation(let country):
            for other in between.indices where other != country {
                note(country, other, until: back + Self.afterPartition)
            }
        case .systemCrash(let country, _): note(country, country, until: back + Self.afterCrash)
        case .deviceCrash(let device, _), .noCoverage(let device):
            self.device[device.value] = max(self.device[device.value], back + Self.afterDevice)
        }
    }

    private mutating func note(_ left: Int, _ right: Int, until: Instant) {
        between[left][right] = max(between[left][right], until)
        between[right][left] = between[left][right]
    }

    /// True where nothing stood in the way between these two countries from then on.
    func isClear(_ left: Int, _ right: Int, since instant: Instant) -> Bool {
        [between[left][left], between[right][right], between[left][right]].allSatisfy { $0 <= instant }
    }

    func isClear(_ device: DeviceID, since instant: Instant) -> Bool { self.device[device.value] <= instant }

    /// True where somewhere in the world something was broken or healing.
    func isAnywhere(at instant: Instant) -> Bool {
        between.contains { $0.contains { $0 > instant } } || device.contains { $0 > instant }
    }
}
