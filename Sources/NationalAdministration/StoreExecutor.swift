import Dispatch

/// A queue of its own for whoever waits for a disk, so that no thread of the common pool does.
final class StoreExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "administration")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }
}
