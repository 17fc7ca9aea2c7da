/// The release that this program is of.
enum ProductVersion {
    /// The newest release of CHANGELOG.md; 0.0.0 as long as there is none. A test compares them.
    static let text = "0.0.0"
}
