import ConfigurationDocuments
internal import MCDocuments

extension FleetDocuments {
    /// The XCAP directory of a user (OMA XDM Core): his documents with their tags, a folder for each application usage.
    func directory(of user: UserRecord) -> [UInt8] {
        var folders: [(auid: String, entries: [(uri: String, etag: String)])] = []
        for uri in listing(of: user.id) {
            guard let document = document(uri) else { continue }
            let entry = (uri.absolute(root: settings.groupRoot), document.etag)
            if folders.last?.auid == uri.auid {
                folders[folders.count - 1].entries.append(entry)
            } else {
                folders.append((uri.auid, [entry]))
            }
        }
        var writer = XMLWriter()
        writer.element("xcap-directory", [("xmlns", ConfigurationNamespace.directory)]) { writer in
            for folder in folders {
                writer.element("folder", [("auid", folder.auid)]) { writer in
                    for entry in folder.entries {
                        writer.element("entry", [("uri", entry.uri), ("etag", entry.etag)])
                    }
                }
            }
        }
        return writer.octets
    }
}
