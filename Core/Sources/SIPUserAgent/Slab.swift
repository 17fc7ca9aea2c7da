/// Values in numbered places, in place order when walked, so that a walk is the same in every process.
struct Slab<Element: Sendable>: Sendable {
    private var places: [Element?] = []
    private var free: [Int] = []

    var count: Int { places.count - free.count }
    /// Every place, vacant ones too.
    var allPlaces: Range<Int> { places.indices }

    mutating func insert(_ element: Element) -> Int {
        if let place = free.popLast() {
            places[place] = element
            return place
        }
        places.append(element)
        return places.count - 1
    }

    mutating func remove(_ place: Int) {
        guard places[place] != nil else { return }
        places[place] = nil
        free.append(place)
    }

    subscript(place: Int) -> Element? {
        get { places[place] }
        _modify { yield &places[place] }
    }
}
