import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Chat templates") struct ChatTemplateTests {
  /// Tests/Fixtures/templates/templates.json, made by scripts/golden/make_templates.py.
  static func fixture() throws -> DocumentValue {
    let file = GoldenFixture("templates").url("templates.json")
    return try JSONParser.parse(DocumentText(name: "templates.json", bytes: Array(try Data(contentsOf: file))))
  }

  struct Conversation {
    let messages: [ChatMessage]
    let generation: Bool
    let variables: [String: DocumentValue.Content]
  }

  static func conversations(_ fixture: DocumentValue) throws -> [Conversation] {
    try #require(fixture["conversations"]?.array).map { value in
      let messages = try #require(value["messages"]?.array).map { message in
        ChatMessage(
          role: try #require(message["role"]?.string), content: try #require(message["content"]?.string))
      }
      return Conversation(
        messages: messages, generation: value["generation"]?.bool == true,
        variables: variables(try #require(value["variables"]?.object)))
    }
  }

  static func variables(_ object: DocumentObject) -> [String: DocumentValue.Content] {
    Dictionary(object.members.map { ($0.key, $0.value.content) }, uniquingKeysWith: { $1 })
  }

  static let families = [
    "chatml", "qwen2", "qwen2.5", "qwen3", "smollm2", "llama2", "llama3", "llama3.1", "mistral", "gemma", "gemma3",
    "phi3",
  ]

  /// Compares all conversations; returns how many were rendered and how many refused.
  private func compare(_ template: ChatTemplate, family: String, withTools: Bool) throws -> (Int, Int) {
    let fixture = try Self.fixture()
    let expected = try #require(fixture["families"]?[family])
    let texts = try #require(expected["texts"]?.array)
    let conversations = try Self.conversations(fixture)
    #expect(texts.count == conversations.count)
    var counts = (rendered: 0, refused: 0)
    for (index, (conversation, text)) in zip(conversations, texts).enumerated() {
      if !withTools, conversation.variables["tools"] != nil { continue }
      let rendered = try? template.render(
        messages: conversation.messages, addGenerationPrompt: conversation.generation,
        bosToken: expected["bos_token"]?.string, eosToken: expected["eos_token"]?.string,
        variables: conversation.variables)
      #expect(
        rendered.map { Array($0.utf8) } == text.string.map { Array($0.utf8) },
        "\(family), conversation \(index): \(rendered?.debugDescription ?? "refused")")
      if rendered == nil { counts.refused += 1 } else { counts.rendered += 1 }
    }
    return counts
  }

  @Test("Every family's template renders as transformers does", arguments: families) func rendersAsReference(
    family: String
  ) throws {
    let source = try #require(try Self.fixture()["families"]?[family]?["source"]?.string)
    let (rendered, _) = try compare(ChatTemplate(source: source, name: family), family: family, withTools: true)
    #expect(rendered >= 12)
  }

  @Test("Every built-in renders as its family's template", arguments: families) func builtIns(family: String) throws {
    let template = try #require(try ChatTemplate.builtIn(family))
    let (rendered, _) = try compare(template, family: family, withTools: false)
    #expect(rendered >= 11)
  }

  @Test("Every construct renders as in the reference") func features() throws {
    let fixture = try Self.fixture()
    let context = Self.variables(try #require(fixture["feature_context"]?.object))
    let features = try #require(fixture["features"]?.array)
    #expect(features.count > 40)
    for feature in features {
      let source = try #require(feature["source"]?.string)
      var outcome: String
      do {
        outcome = try ChatTemplate(source: source, name: "feature")
          .render(messages: [], addGenerationPrompt: false, variables: context)
      } catch {
        outcome = error.description
        if feature["text"] == nil { continue }
      }
      #expect(outcome == feature["text"]?.string, "\(source)")
    }
  }

  @Test("The templates for models without one of their own") func plain() throws {
    let messages = [ChatMessage(role: "user", content: "Q"), ChatMessage(role: "assistant", content: " A")]
    let dialogue = try #require(try ChatTemplate.builtIn("default"))
    #expect(
      try dialogue.render(messages: messages, addGenerationPrompt: false, eosToken: "</s>")
        == "Human: Q</s>\nAssistant: A</s>\n")
    #expect(
      try dialogue.render(messages: [messages[0]], addGenerationPrompt: true, eosToken: "</s>")
        == "Human: Q</s>\nAssistant:")
    let bare = try #require(try ChatTemplate.builtIn("plain"))
    #expect(try bare.render(messages: [messages[0]], addGenerationPrompt: true) == "Q\n")
    #expect(try ChatTemplate.builtIn("no such family") == nil)
    for name in ChatTemplate.builtInNames { #expect(try ChatTemplate.builtIn(name) != nil) }
  }

  @Test("Today is what the variables say, and else always the same day") func today() throws {
    let template = try ChatTemplate(source: "{{ strftime_now('%d %b %Y, %A') }}", name: "date")
    #expect(try template.render(messages: [], addGenerationPrompt: false) == "26 Jul 2024, Friday")
    let given: [String: DocumentValue.Content] = ["current_date": .string("2000-02-29")]
    #expect(
      try template.render(messages: [], addGenerationPrompt: false, variables: given) == "29 Feb 2000, Tuesday")
    let wrong: [String: DocumentValue.Content] = ["current_date": .string("2001-02-29")]
    #expect(throws: TemplateError.self) {
      try template.render(messages: [], addGenerationPrompt: false, variables: wrong)
    }
  }

  @Test(
    "A construct that is malformed or not supported is refused with its line",
    arguments: [
      ("a\n{% include 'x' %}", 2, "the statement 'include' is not supported"),
      ("\n\n{{ x|frobnicate }}", 3, "the filter 'frobnicate' is not supported"),
      ("{{ x|lenght }}", 1, "did you mean 'length'?"),
      ("{{ x is\n prime }}", 2, "the test 'is prime' is not supported"),
      ("{{ 'x'.format(1) }}", 1, "the string method 'format' is not supported"),
      ("{{ ''.__class__ }}", 1, "the string method '__class__' is not supported"),
      ("{% if x %}\n\n", 1, "expected '{% elif %}' or '{% else %}' or '{% endif %}'"),
      ("{% endif %}", 1, "'endif' has no beginning"),
      ("x\n{{ 'abc }}", 2, "this string does not end"),
      ("{{ 1 + }}", 1, "expected a value, found '}}'"),
      ("{{ a b }}", 1, "expected '}}', found 'b'"),
      ("{# open", 1, "this comment does not end"),
      ("{% break %}", 1, "'break' stands outside of a loop"),
      ("{{ 2 ** 3 }}", 1, "'**' is not supported"),
      ("{{ x § y }}", 1, "unexpected character '§'"),
      ("{{ foo(1) }}", 1, "'foo', which is undefined cannot be called"),
      ("{% set x.y = 1 %}", 1, "only attributes of a namespace can be set"),
      ("a\nb\n{{ raise_exception('no cats') }}", 3, "no cats"),
      ("{{ strftime_now('%c') }}", 1, "does not support the format '%c'"),
      ("{{ missing.part.x }}", 1, "cannot take 'part' of 'missing'"),
    ]) func refusals(source: String, line: Int, complaint: String) throws
  {
    let error = #expect(throws: TemplateError.self) {
      try ChatTemplate(source: source, name: "t.jinja").render(messages: [], addGenerationPrompt: false)
    }
    #expect(error?.line == line)
    #expect(error?.description.contains(complaint) == true, "\(String(describing: error))")
    #expect(error?.description.hasPrefix("template t.jinja, line \(line): ") == true)
  }

  @Test(
    "No template exhausts the stack, the memory or the patience",
    arguments: [
      "{{ " + String(repeating: "(", count: 100_000) + "1" + String(repeating: ")", count: 100_000) + " }}",
      "{{ " + String(repeating: "-", count: 100_000) + "1 }}",
      "{{ " + String(repeating: "not ", count: 100_000) + "1 }}",
      "{{ 1" + String(repeating: " + 1", count: 100_000) + " }}",
      "{{ x" + String(repeating: ".a", count: 100_000) + " }}",
      "{{ " + String(repeating: "[", count: 100_000) + " }}",
      "{{ " + String(repeating: "1 if 1 else ", count: 100_000) + "1 }}",
      String(repeating: "{% if 1 %}", count: 100_000),
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
      "{{ 'abcdefgh' * 1000000000 }}",
      "{{ range(1000000000)|list }}",
      "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
      "{{ ('a' * 100000).replace('a', 'b' * 100000) }}",
      // Lists that hold themselves many times take no memory until they are gone through.
      "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
      "{% set ns = namespace(s={}) %}{% for i in range(60) %}{% set ns.s = {'a': ns.s, 'b': ns.s} %}{% endfor %}{{ ns.s|tojson }}",
      "{% set ns = namespace(s=[]) %}{% for i in range(90000) %}{% set ns.s = [ns.s] %}{% endfor %}",
      "{% set ns = namespace(s={}) %}{% for i in range(90000) %}{% set ns.s = ns.s.get %}{% set ns.s = {'a': ns.s} %}{% endfor %}",
      "{% set s = 'ab' * 2000000 %}{% for i in range(99999) %}{{ s|upper|length }}{% endfor %}",
      "{% set s = 'ab' * 2000000 %}{% for c in s %}{% endfor %}", "{{ ('a ' * 2000000).split() }}",
      "{{ ('a' * 2000000).split('a')|length }}", "{{ (['ab' * 1000] * 1)|join }}{{ ('x' * 99999)|join('y' * 99999) }}",
      "{{ [range(99999)|list, range(99999)|list]|tojson(indent=64) }}", "{{ ('\n' * 99999)|indent(1024) }}",
      "{{ ('a' * 2000000 + 'b') in ('a' * 2000000) }}{{ 1 // 0 }}", "{{ range(99999)|list|unique }}",
      "{{ 9223372036854775807 + 1 }}",
      "{{ 1 // 0 }}",
      "{{ 1 % 0 }}",
    ]) func bounds(source: String)
  {
    #expect(throws: TemplateError.self) {
      try ChatTemplate(source: source, name: "t").render(messages: [], addGenerationPrompt: false)
    }
  }
}
