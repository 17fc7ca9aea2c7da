import FuzzTargets

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    FuzzTargets.succession(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}
