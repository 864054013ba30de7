import PEFTCore

/// One row as the model is given it: what `data preview` shows.
package struct ExamplePreview: Sendable {
  /// The prompt as text.
  package let prompt: String
  /// The trained text.
  package let answer: String
  /// The ids of the prompt, then those of the answer.
  package let ids: [Int32]
  /// Which of `ids` are trained.
  package let trained: Range<Int>
  /// Whether a field was cut to keep within the limit.
  package let isCut: Bool

  /// Renders an example.
  package init(
    _ example: Example, of dataset: DatasetDescription, with renderer: ChatRenderer, cutoff: Int? = nil
  ) throws(TemplateError) {
    let rendered = try renderer.render(example, of: dataset, cutoff: cutoff)
    prompt = rendered.prompt
    answer = rendered.completion
    ids = rendered.promptIDs + rendered.answerIDs
    trained = rendered.promptIDs.count..<ids.count
    isCut = rendered.isPromptCut || rendered.isAnswerCut
  }

  /// `{"prompt", "answer", "prompt_ids", "answer_ids"}`.
  package var json: JSONValue {
    [
      "prompt": .string(prompt), "answer": .string(answer), "prompt_ids": Self.list(ids[..<trained.lowerBound]),
      "answer_ids": Self.list(ids[trained]),
    ]
  }

  private static func list(_ ids: ArraySlice<Int32>) -> JSONValue { .array(ids.map { .integer(Int($0)) }) }
}
