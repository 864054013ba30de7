import PEFTCore
import Testing

@testable import PEFTMethods

@Suite("Expressions over adapters") struct AdapterExpressionTests {
  private func parse(_ text: String, numbers: [String: Double] = [:]) throws -> AdapterExpression {
    try AdapterExpression(
      parsing: DocumentText(name: "expression", bytes: Array(text.utf8)), adapters: ["mnli", "qnli", "sst2"],
      numbers: numbers)
  }

  @Test("Terms of one adapter are added, in the order in which they come first")
  func sums() throws {
    #expect(
      try parse("origin + 0.4*mnli + 0.6*qnli - sst2")
        == AdapterExpression(
          terms: [.init("mnli", weight: 0.4), .init("qnli", weight: 0.6), .init("sst2", weight: -1)], origin: .common))
    #expect(try parse("(mnli + qnli) - qnli").terms.map(\.weight) == [1, 0])
    #expect(try parse("2*(mnli - sst2/4)*0.5").terms == [.init("mnli", weight: 1), .init("sst2", weight: -0.25)])
    #expect(try parse("lambda*(mnli+sst2)", numbers: ["lambda": 0.05]).terms.map(\.weight) == [0.05, 0.05])
    #expect(try parse("origin(sst2) + -mnli*-1e-1").origin == .of("sst2"))
    #expect(try parse("origin + mnli*1e-1").terms == [.init("mnli", weight: 0.1)])
    #expect(try parse("origin").terms.isEmpty)
  }

  @Test(
    "What is not understood is said with its place",
    arguments: [
      ("mnli + qnil", "8", "did you mean qnli?"), ("mnli * qnli", "6", "adapters by adapters"),
      ("mnli + 1", "1", "adds the number"), ("2*origin", "1", "one origin at most"), ("mnli +", "7", "found the end"),
      ("(mnli", "6", "expected )"), ("mnli qnli", "6", "expected +"), ("mnli/0", "5", "divide"), ("", "1", "the end"),
      ("1..2*mnli", "1", "is not a number"), ("origin(x)+mnli", "8", "not one of"), ("1e999*mnli", "1", "not a number"),
    ])
  func mistakes(text: String, column: String, message: String) {
    let error = #expect(throws: DocumentError.self) { try parse(text) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    #expect(error?.location.column == Int(column), "\(error?.description ?? "")")
  }

  @Test("Depth is bounded")
  func depth() {
    #expect(throws: DocumentError.self) { try parse(String(repeating: "(", count: 5000) + "mnli") }
    #expect(throws: DocumentError.self) { try parse(String(repeating: "-", count: 5000) + "mnli") }
  }
}
