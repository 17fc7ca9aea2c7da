/// First in, first out, in place; taking out the first moves nothing but now and then.
struct Fifo<Element: Sendable>: Sendable {
    private var items: [Element] = []
    private var head = 0

    var isEmpty: Bool { head == items.count }
    var count: Int { items.count - head }
    var first: Element? { isEmpty ? nil : items[head] }

    /// The element behind so many others; nil where there is none.
    func element(_ ahead: Int) -> Element? {
        head + ahead < items.count ? items[head + ahead] : nil
    }

    mutating func append(_ element: Element) { items.append(element) }

    @discardableResult
    mutating func removeFirst() -> Element? {
        guard let first else { return nil }
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 512 {
            items.removeFirst(head)
            head = 0
        }
        return first
    }
}
