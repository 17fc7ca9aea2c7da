extension XCAPDiff.DocumentChange {
    /// The change from one state of a document to another.
    public init(_ uri: XCAPURI, from previous: XCAPDocument?, to new: XCAPDocument?) {
        self.init(uri, from: previous?.etag, to: new?.etag)
    }
}
