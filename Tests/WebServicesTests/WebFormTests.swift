import MCFoundation
import Testing
import WebServices

@Suite struct WebFormTests {
    @Test func `fields keep their order, their repetitions and what is escaped in them`() throws {
        let fields = try #require(WebForm.fields("a=1&b=%C3%A8+x&a=&c&=d&e=f=g"))
        #expect(fields.map(\.name) == ["a", "b", "a", "c", "", "e"])
        #expect(fields.map(\.value) == ["1", "è x", "", "", "d", "f=g"])
    }

    @Test(arguments: ["a=%", "a=%1", "a=%zz", "a=%ff", "%=1"])
    func `a broken escape makes the whole no form`(_ text: String) {
        #expect(WebForm.fields(text) == nil)
    }

    @Test func `a form of too many fields is none`() {
        let most = String(repeating: "a=1&", count: WebForm.mostFields)
        #expect(WebForm.fields(most)?.count == WebForm.mostFields)
        #expect(WebForm.fields(most + "a") == nil)
    }

    @Test func `what is written is read again`() throws {
        let fields: [(name: String, value: String)] = [("state", "a&b=c d+e%"), ("città", "Génova~-._"), ("", "")]
        let read = try #require(WebForm.fields(PercentEncoding.form(fields)))
        #expect(read.map(\.name) == fields.map(\.name))
        #expect(read.map(\.value) == fields.map(\.value))
    }

    @Test func `only a body of the form's type is a form`() {
        var request = WebRequest(
            method: "POST", path: "/", headers: [WebHeader("Content-Type", "Application/X-WWW-Form-urlencoded ;a=b")],
            body: Array("a=b".utf8))
        #expect(WebForm.fields(of: request)?.first?.value == "b")
        request.headers = [WebHeader("content-type", "text/plain")]
        #expect(WebForm.fields(of: request) == nil)
        request.headers = []
        #expect(WebForm.fields(of: request) == nil)
    }
}
