internal import MCDocuments

/// What a node selector finds (RFC 4825 6.3). It has to be one node: none and several are both no resource.
enum NodeSelection {
    case element(Int)
    /// The attribute by its place among those of the element.
    case attribute(element: Int, attribute: Int)
    case namespaces(of: Int)
    case nothing
}

extension XMLOutline {
    func select(_ selector: NodeSelector, defaultNamespace: String?) -> NodeSelection {
        guard case .found(let index) = walk(selector.steps[...], defaultNamespace) else { return .nothing }
        switch selector.terminal {
        case .element: return .element(index)
        case .namespaces: return .namespaces(of: index)
        case .attribute(let name):
            let wanted = XMLName(namespace: name.namespace, local: name.local)
            guard let attribute = elements[index].attributes.firstIndex(where: { $0.name == wanted }) else {
                return .nothing
            }
            return .attribute(element: index, attribute: attribute)
        }
    }

    enum Walk {
        /// An element; without steps there is none, because the parent of the root is the document.
        case found(Int)
        /// How many steps led to one element.
        case lost(after: Int)
    }

    func walk(_ steps: ArraySlice<NodeSelector.Step>, _ defaultNamespace: String?) -> Walk {
        var current: Int?
        for (taken, step) in steps.enumerated() {
            let found = matches(step, among: current.map { elements[$0].children } ?? [0], defaultNamespace)
            guard found.count == 1 else { return .lost(after: taken) }
            current = found[0]
        }
        guard let current else { return .lost(after: 0) }
        return .found(current)
    }

    /// First those of the name, then the one at the position, then those with the attribute.
    private func matches(
        _ step: NodeSelector.Step, among siblings: [Int], _ defaultNamespace: String?
    ) -> [Int] {
        var found = named(step.name, among: siblings, defaultNamespace)
        if let position = step.position {
            guard position <= found.count else { return [] }
            found = [found[position - 1]]
        }
        if let test = step.attribute {
            let name = XMLName(namespace: test.name.namespace, local: test.name.local)
            found = found.filter { index in
                elements[index].attributes.contains { $0.name == name && $0.value == test.value }
            }
        }
        return found
    }

    /// Siblings of a name; all of them where the step names none.
    func named(_ name: NodeSelector.QualifiedName?, among siblings: [Int], _ defaultNamespace: String?) -> [Int] {
        guard let name else { return siblings }
        let wanted = XMLName(
            namespace: name.prefix == nil ? defaultNamespace : name.namespace, local: name.local)
        return siblings.filter { elements[$0].name == wanted }
    }

    /// Where an element goes that a step would then find (RFC 4825 8.2.3); nil where there is no such place.
    func place(
        for step: NodeSelector.Step, in parent: Int, _ defaultNamespace: String?
    ) -> InsertionPlace? {
        let children = elements[parent].children
        let same = named(step.name, among: children, defaultNamespace)
        if let position = step.position {
            if position <= same.count { return .before(same[position - 1]) }
            guard position == same.count + 1 else { return nil }
        }
        // Beside those of its name, and otherwise as the last.
        guard let last = same.last ?? children.last else { return .into(parent) }
        return .after(last)
    }

    enum InsertionPlace {
        case before(Int)
        case after(Int)
        /// The first child element.
        case into(Int)
    }
}

extension XCAPDocument {
    /// Whether a selector finds one node in it.
    public func contains(_ node: NodeSelector, defaultNamespace: String?, limits: XCAPLimits) -> Bool {
        guard let outline = try? XMLOutline(document: octets, limits: limits) else { return false }
        if case .nothing = outline.select(node, defaultNamespace: defaultNamespace) { return false }
        return true
    }
}
