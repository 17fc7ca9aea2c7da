import FloorControl
import MCFoundation
import OrderedCollections

/// The floor in each call, and with it the right to send RTP.
extension ResponderClient {
    mutating func floorReceived(_ octets: [UInt8], in handle: CallHandle, at now: Now) {
        // What cannot be read is dropped: the floor messages that matter are repeated.
        guard let messages = try? FloorMessage.decode(octets) else { return }
        for message in messages { tellFloor(handle, .received(message), at: now) }
    }

    /// The button of a call that does not stand yet is remembered, see `catchUpWithButton`.
    mutating func moveButton(of handle: CallHandle, isDown: Bool, at now: Now) {
        if calls[handle]?.phase != .established { calls[handle]?.isButtonDown = isDown }
        tellFloor(handle, isDown ? .pressed : .released, at: now)
    }

    /// Who let go while the call was set up does not talk, though the floor came with it; who pressed asks now.
    mutating func catchUpWithButton(of handle: CallHandle, at now: Now) {
        guard let isDown = calls[handle]?.isButtonDown else { return }
        tellFloor(handle, isDown ? .pressed : .released, at: now)
    }

    mutating func tellFloor(_ handle: CallHandle, _ event: FloorParticipantEvent, at now: Now) {
        guard let floorActions = calls[handle]?.floor.handle(event, at: now) else { return }
        for action in floorActions {
            switch action {
            case .send(let message):
                guard let remote = calls[handle]?.remote?.floor else { continue }
                actions.append(.sendFloor(handle, message.encoded(), to: remote))
            case .startMedia(let assigned):
                startTalking(handle, assigned)
            case .stopMedia:
                calls[handle]?.talkingSSRC = nil
                actions.append(.stopTalking(handle))
            case .notify(let indication):
                notify(.floor(handle, indication))
            case .endCall:
                leave(handle, at: now)
            }
        }
    }

    /// A grant that repeats what is known is no news to the shell.
    private mutating func startTalking(_ handle: CallHandle, _ assigned: UInt32?) {
        guard let call = calls[handle] else { return }
        let ssrc = assigned ?? call.audioSSRC
        calls[handle]?.audioSSRC = ssrc
        guard call.talkingSSRC != ssrc else { return }
        calls[handle]?.talkingSSRC = ssrc
        actions.append(.startTalking(handle, ssrc: ssrc))
    }
}
