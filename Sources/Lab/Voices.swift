import Foundation
import ResponderDriver
import Speech

/// Recorded human speech in the language of a country, cut into things to say.
struct Voices {
    /// Where Debian's packages of recorded prompts keep them, per language.
    private static let folders = [
        "it": "/usr/share/asterisk/sounds/it_IT_m_Carlo", "fr": "/usr/share/asterisk/sounds/fr_CA_f_June",
        "es": "/usr/share/asterisk/sounds/es_MX_f_Allison", "en": "/usr/share/asterisk/sounds/en_US_f_Allison",
    ]
    /// Long prompts: whole sentences.
    private static let prompts = [
        "demo-congrats", "demo-echotest", "priv-callee-options", "vm-options", "conf-adminmenu",
    ]
    private static let rate = 16_000

    private var samples: [String: [Int16]] = [:]
    private var position: [String: Int] = [:]

    /// Reads the recordings; says which package is missing.
    init(languages: [String]) throws {
        for language in languages {
            let folder = Voices.folders[language] ?? ""
            var speech: [Int16] = []
            for prompt in Voices.prompts {
                let path = "\(folder)/\(prompt).wav"
                guard FileManager.default.fileExists(atPath: path) else {
                    throw LabError(
                        "the recording \(path) is missing: install asterisk-core-sounds-\(language)-wav (make deps does)"
                    )
                }
                speech += try WAVAudio(contentsOf: path).mono(at: Voices.rate)
            }
            samples[language] = speech
        }
    }

    /// The next piece of speech of about that length, cut where the voice is quietest, coded for sending. After the
    /// last recording the first comes again.
    mutating func next(_ language: String, seconds: Double) throws -> EncodedSpeech {
        let speech = samples[language] ?? []
        let frame = Voices.rate / 50
        let start = position[language] ?? 0
        let wanted = Int(seconds * 50)
        guard speech.count > (wanted + 30) * frame else {
            throw LabError("the recordings in '\(language)' are too short")
        }
        let begin = start + (wanted + 30) * frame < speech.count ? start : 0
        func loudness(_ number: Int) -> Int {
            speech[(begin + number * frame)..<(begin + (number + 1) * frame)].reduce(0) { $0 + abs(Int($1)) }
        }
        let end = (wanted - 20...wanted + 20).min { loudness($0) < loudness($1) } ?? wanted
        position[language] = begin + end * frame
        return try EncodedSpeech(samples: speech[begin..<(begin + end * frame)])
    }
}

/// What keeps the lab from running, in words for the person at the terminal.
public struct LabError: Error, CustomStringConvertible {
    public var description: String

    public init(_ description: String) {
        self.description = description
    }
}
