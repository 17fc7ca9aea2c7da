import CertificateAuthority
import ConfigurationFiles
public import Foundation

extension NationalSystem {
    /// Until when a certificate that the system shows or believes holds.
    public struct CertificateDate: Hashable, Sendable {
        /// As in `CertificateFile.role`.
        public var role: String
        public var notAfter: Date
    }

    /// The dates of all certificates that the configuration names, as the files say now; of several in a file the first
    /// one that ends. What cannot be read is left out: what is in use was read before.
    public func certificateDates() -> [CertificateDate] {
        configuration.certificateFiles.compactMap { file in
            let ends = (try? CertificateSummary.read(path: file.certificate))?.map(\.notAfter).min()
            return ends.map { CertificateDate(role: file.role, notAfter: $0) }
        }
    }
}
