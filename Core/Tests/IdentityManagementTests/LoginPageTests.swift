import IdentityManagement
import MCFoundation
import Testing

@Suite struct LoginPageTests {
    @Test(arguments: [
        "\"><script>alert(1)</script>", "'onfocus='x", "</title><img src=x>", "&lt;", "a`b", "\u{0}\n\r\u{7f}",
    ])
    func nothingFromARequestBecomesMarkup(_ hostile: String) {
        var texts = LoginPageTexts()
        texts.title = hostile
        texts.language = hostile
        texts.failure = hostile
        let plain = String(
            decoding: LoginPage.form(action: "a", transaction: IdentitySecret("t"), hasFailed: true), as: UTF8.self)
        let page = String(
            decoding: LoginPage.form(
                action: hostile, transaction: IdentitySecret(hostile), userName: hostile, hasFailed: true, texts: texts),
            as: UTF8.self)
        func marks(_ text: String, _ octet: UInt8) -> Int { text.utf8.count { $0 == octet } }
        for octet in "<>\"'`".utf8 {
            #expect(marks(page, octet) == marks(plain, octet))
        }
        #expect(page.utf8.allSatisfy { $0 == 10 || ($0 >= 32 && $0 != 127) })
        #expect(!page.contains("<script"))
        if hostile.contains("&lt;") { #expect(page.contains("&amp;lt;")) }
    }

    @Test func theUserNameComesBackAndThePasswordDoesNot() throws {
        let desk = try IdentityDesk()
        let page = try desk.openPage()
        guard case .loginPage(let html, mark: nil) = desk.logIn("an<na", "pw-hidden", on: page) else {
            Issue.record("no page")
            return
        }
        let text = String(decoding: html, as: UTF8.self)
        #expect(text.contains("value=\"an&lt;na\""))
        #expect(!text.contains("pw-hidden"))
    }

    @Test func isAccessibleAndWithoutScripts() {
        var texts = LoginPageTexts()
        texts.language = "it"
        let page = String(
            decoding: LoginPage.form(action: "https://x/login", transaction: IdentitySecret("t"), texts: texts),
            as: UTF8.self)
        #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"it\">"))
        #expect(page.contains("<label for=\"user\">") && page.contains("id=\"user\""))
        #expect(page.contains("<label for=\"password\">") && page.contains("id=\"password\""))
        #expect(page.contains("method=\"post\""))
        #expect(!page.contains("role=\"alert\""))
        #expect(!page.lowercased().contains("script"))
    }

    @Test func secretsDoNotPrint() {
        let secret = IdentitySecret("hunter2")
        let form = LoginForm(transaction: secret, userName: "anna", password: secret)
        let parameters = RequestParameters([(name: "code", value: "hunter2")])
        var dumped = ""
        dump([secret], to: &dumped)
        dump(form, to: &dumped)
        dump(parameters, to: &dumped)
        for text in ["\(secret)", "\(form)", "\(parameters)", String(reflecting: form), dumped] {
            #expect(!text.contains("hunter2"))
        }
        #expect(secret.revealed == "hunter2")
    }
}
