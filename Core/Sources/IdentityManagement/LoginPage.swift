/// The texts of the log-in page in the language of the nation, as plain text.
public struct LoginPageTexts: Hashable, Sendable {
    /// A language tag (RFC 5646).
    public var language = "en"
    public var title = "Log in"
    public var userName = "User name"
    public var password = "Password"
    public var submit = "Log in"
    /// One text for every failure: it tells nobody whether a name exists or is blocked.
    public var failure = "Log-in did not succeed. Check user name and password; after several attempts, wait a while."
    /// Where nothing can be done on this page.
    public var errorTitle = "This log-in cannot go on"
    public var error = "Start again from the application."

    public init() {}
}

/// The log-in page, in HTML without scripts and without anything from elsewhere.
public enum LoginPage {
    /// What a shell sends as Content-Security-Policy with each page. No form-action: browsers apply it to the
    /// redirect that follows the form, which goes to the application.
    public static let contentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"

    private static let style =
        "body{font:1.1rem/1.5 sans-serif;max-width:24rem;margin:3rem auto;padding:0 1rem;color:#111;background:#fff}"
        + "label{display:block;margin-top:1rem}input{width:100%;box-sizing:border-box;font:inherit;padding:.5rem}"
        + "button{font:inherit;margin-top:1.5rem;padding:.5rem 1.5rem}.error{border-left:.3rem solid #b00;padding-left:.6rem}"

    /// The form. The user name is shown again after a failure, the password never.
    public static func form(
        action: String, transaction: IdentitySecret, userName: String = "", hasFailed: Bool = false,
        texts: LoginPageTexts = .init()
    ) -> [UInt8] {
        var body = "<h1>\(escaped(texts.title))</h1>\n"
        if hasFailed { body += "<p class=\"error\" role=\"alert\">\(escaped(texts.failure))</p>\n" }
        body += "<form method=\"post\" action=\"\(escaped(action))\">\n"
        body += "<input type=\"hidden\" name=\"login\" value=\"\(escaped(transaction.revealed))\">\n"
        body += "<label for=\"user\">\(escaped(texts.userName))</label>\n"
        body += "<input id=\"user\" name=\"user\" autocomplete=\"username\" autocapitalize=\"none\" required"
        body += " value=\"\(escaped(userName))\">\n"
        body += "<label for=\"password\">\(escaped(texts.password))</label>\n"
        body +=
            "<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required>\n"
        body += "<button type=\"submit\">\(escaped(texts.submit))</button>\n</form>\n"
        return document(title: texts.title, body: body, texts: texts)
    }

    /// A page for what must not be redirected. The code is a constant of ours, for the support desk.
    public static func error(_ error: AuthorizationPageError, texts: LoginPageTexts = .init()) -> [UInt8] {
        let body =
            "<h1>\(escaped(texts.errorTitle))</h1>\n<p class=\"error\" role=\"alert\">\(escaped(texts.error))</p>\n"
            + "<p>\(escaped(error.rawValue))</p>\n"
        return document(title: texts.errorTitle, body: body, texts: texts)
    }

    private static func document(title: String, body: String, texts: LoginPageTexts) -> [UInt8] {
        var page = "<!DOCTYPE html>\n<html lang=\"\(escaped(texts.language))\">\n<head>\n<meta charset=\"utf-8\">\n"
        page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        page += "<meta name=\"referrer\" content=\"no-referrer\">\n"
        page += "<title>\(escaped(title))</title>\n<style>\(style)</style>\n</head>\n<body>\n<main>\n"
        page += body
        page += "</main>\n</body>\n</html>\n"
        return Array(page.utf8)
    }

    /// For text and for attributes in quotes. Control characters, which HTML does not allow, become the replacement
    /// character.
    static func escaped(_ text: String) -> String {
        var output: [UInt8] = []
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "&"): output += "&amp;".utf8
            case UInt8(ascii: "<"): output += "&lt;".utf8
            case UInt8(ascii: ">"): output += "&gt;".utf8
            case UInt8(ascii: "\""): output += "&quot;".utf8
            case UInt8(ascii: "'"): output += "&#39;".utf8
            case UInt8(ascii: "`"): output += "&#96;".utf8
            case 0..<32, 127: output += "\u{FFFD}".utf8
            default: output.append(octet)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
