/// Field 19, Location, and the items of field 20 (TS 24.380 8.2.3.21).
public enum FloorLocation: Hashable, Sendable {
    case notProvided
    /// PLMN and the 28-bit E-UTRAN cell identity with four spare bits above.
    case ecgi(plmn: PLMN, cell: UInt32)
    case trackingArea(plmn: PLMN, code: UInt16)
    case plmn(PLMN)
    case mbmsServiceArea(UInt16)
    case mbsfnArea(UInt8)
    case geographic(GeographicCoordinates)
    /// TS 23.032 6.3, as coded.
    case altitude(UInt16)

    /// Three octets of MCC and MNC digits, as coded in NAS.
    public struct PLMN: Hashable, Sendable {
        /// The low 24 bits.
        public var octets: UInt32
        public init(octets: UInt32) { self.octets = octets & 0xff_ffff }
    }

    /// A point coded by TS 23.032 6.1.
    public struct GeographicCoordinates: Hashable, Sendable {
        /// 24 bits: sign, then 23 bits of magnitude.
        public var latitudeCode: UInt32
        /// 24 bits, two's complement.
        public var longitudeCode: UInt32

        public init(latitudeCode: UInt32, longitudeCode: UInt32) {
            self.latitudeCode = latitudeCode & 0xff_ffff
            self.longitudeCode = longitudeCode & 0xff_ffff
        }

        /// Degrees, north and east positive; values beyond the poles or the date line are cut there.
        public init(latitude: Double, longitude: Double) {
            let magnitude = min(max(latitude.magnitude, 0), 90) / 90 * 8_388_608
            let north = UInt32(min(magnitude.rounded(.down), 8_388_607))
            let east = (min(max(longitude, -180), 180) / 360 * 16_777_216).rounded(.down)
            self.init(
                latitudeCode: latitude < 0 ? north | 0x80_0000 : north,
                longitudeCode: UInt32(bitPattern: Int32(min(east, 8_388_607))))
        }

        /// Degrees, the lower bound of the coded interval.
        public var latitude: Double {
            let magnitude = Double(latitudeCode & 0x7f_ffff) * 90 / 8_388_608
            return latitudeCode & 0x80_0000 == 0 ? magnitude : -magnitude
        }

        /// Degrees, the lower bound of the coded interval.
        public var longitude: Double {
            let code = Int32(bitPattern: longitudeCode << 8) >> 8
            return Double(code) * 360 / 16_777_216
        }

    }
}
