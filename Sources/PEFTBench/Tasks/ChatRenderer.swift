import Foundation
import PEFTCore

/// A prompt and its answer as the model sees them.
package struct RenderedExample: Sendable, Equatable {
  /// The whole prompt, with the chat template's marks and up to where the model answers.
  package let prompt: String
  /// The trained text: the answer and what ends it.
  package let completion: String
  /// The ids of `prompt`.
  package let promptIDs: [Int32]
  /// The ids of `completion`, every one of which is trained.
  package let answerIDs: [Int32]
  /// Whether a field was cut to keep within the limit.
  package let isPromptCut: Bool
  /// Whether the answer itself had to be cut; its end is then missing.
  package let isAnswerCut: Bool
  /// Which of the tasks that are trained together it is of.
  package var task = 0

  /// The ids as training and evaluation take them.
  package var encoded: EncodedExample { EncodedExample(prompt: promptIDs, answer: answerIDs, task: task) }
}

/// Renders prompts for training and for evaluation alike: a dataset's text, then the model's chat template.
///
/// The ids of a prompt do not depend on its answer, since they are what the model is given when it is asked. The answer's
/// ids continue where the prompt ends (`Tokenizer.encode(_:after:)`): together they are those of the whole
/// conversation, unless a token would reach over the joint.
package struct ChatRenderer: Sendable {
  /// The name of the template, or `plain` for a model without one.
  package let templateName: String
  /// The SHA-256 of the template's text, for the record.
  package let templateHash: String
  /// What comes between the prompt and the answer's own text, such as a space; part of the trained text.
  package let answerPrefix: String
  /// What ends an answer: what the template puts after it, up to the first token that ends a turn or text.
  ///
  /// Empty where no such token is known.
  package let answerEnd: String
  /// The id that ends an answer; generation stops there.
  ///
  /// Nil for a model that cannot be fine-tuned, since none of its answers would be trained to end.
  package let endToken: Int32?
  /// The tokenizer.
  package let tokenizer: Tokenizer

  private let template: ChatTemplate?
  /// How prompts end.
  private let usualEnd: Tokenizer.TextEnd
  private let beginningOfText: String?
  private let endOfText: String?

  /// The answer's place in a model without chat template.
  private static let plainSource = "{prompt}\nAnswer: {answer}"
  /// Templates that think before they answer are asked not to: short answers are scored, not the way to them.
  private static let variables: [String: DocumentValue.Content] = ["enable_thinking": .bool(false)]

  /// Creates a renderer.
  ///
  /// - Parameters:
  ///   - template: The model's chat template; nil gives the plain form, a line `Answer:` after the prompt.
  ///   - tokenizer: The model's tokenizer.
  ///   - configuration: The texts of the tokens that begin and end a text.
  /// - Throws: `TemplateError` for a template that cannot render a question with its answer.
  package init(
    template: ChatTemplate?, tokenizer: Tokenizer, configuration: TokenizerConfiguration
  ) throws {
    self.template = template
    self.tokenizer = tokenizer
    beginningOfText = configuration.beginningOfText
    endOfText = configuration.endOfText
    templateName = template?.name ?? "plain"
    templateHash = SHA256.hexadecimal(of: Array((template?.source ?? Self.plainSource).utf8))
    let probe: (prefix: String, end: String, prompt: String)
    if let template {
      probe = try Self.answerFrame(of: template, tokenizer, configuration)
    } else {
      probe = (" ", configuration.endOfText ?? "", Self.plainPrompt("Question"))
    }
    usualEnd = tokenizer.end(of: probe.prompt)
    answerPrefix = probe.prefix
    answerEnd = probe.end
    endToken = Self.lastToken(of: probe.end, tokenizer, endOfText: configuration.endOfText)
  }

  /// The token that ends an answer's text, if it is one that ends anything: an added token, or the end of text.
  ///
  /// An end of text that the tokenizer cuts into pieces ends nothing, though its last piece is a token too.
  private static func lastToken(of text: String, _ tokenizer: Tokenizer, endOfText: String?) -> Int32? {
    guard let last = tokenizer.encode(text, after: .text).last, let token = tokenizer.token(for: last),
      text.utf8.suffix(token.utf8.count).elementsEqual(token.utf8)
    else { return nil }
    let isMark = token.utf8.elementsEqual((endOfText ?? "").utf8) || tokenizer.addedTokens.contains { $0.id == last }
    return isMark ? last : nil
  }

  /// Refuses a model of which no file says what ends an answer.
  ///
  /// - Parameter model: The model's path, for the message.
  /// - Throws: `FileError`.
  package func requireEndToken(of model: String) throws(FileError) {
    guard endToken == nil else { return }
    throw FileError(
      path: model,
      "nothing ends an answer, so that no run could train or stop one: tokenizer_config.json, special_tokens_map.json, "
        + "generation_config.json and config.json (in a GGUF file, tokenizer.ggml.eos_token_id) name no end of text that "
        + "the tokenizer has; write an \"eos_token\" into tokenizer_config.json")
  }

  /// All that turns an example's text into what the model sees, the tokenizer left out, as plain values under fixed keys.
  var canonical: JSONValue {
    [
      "template": JSONValue(templateHash), "begin": JSONValue(beginningOfText), "end": JSONValue(endOfText),
      "answer_prefix": JSONValue(answerPrefix), "answer_end": JSONValue(answerEnd),
      "end_token": JSONValue(endToken.map(Int.init)),
    ]
  }

  /// The prompt as text: the user's turn within the template, up to where the model answers.
  package func prompt(_ userText: String) throws(TemplateError) -> String {
    guard let template else { return Self.plainPrompt(userText) }
    return try template.render(
      messages: [ChatMessage(role: "user", content: userText)], addGenerationPrompt: true, bosToken: beginningOfText,
      eosToken: endOfText, variables: Self.variables)
  }

  private static func plainPrompt(_ userText: String) -> String { userText + "\nAnswer:" }

  /// The ids of a prompt.
  package func promptIDs(_ prompt: String) -> [Int32] {
    let ids = tokenizer.encode(prompt, addSpecialTokens: false)
    // A template writes its own beginning of text; the plain form gets the one that the tokenizer asks for.
    guard template == nil else { return ids }
    let framed = tokenizer.encode(prompt, addSpecialTokens: true)
    guard let first = framed.first, framed.count > ids.count, first != ids.first,
      tokenizer.token(for: first) == beginningOfText
    else { return ids }
    return [first] + ids
  }

  /// The trained text of an answer: what precedes it, the answer, what ends it.
  package func completion(_ answer: String) -> String { answerPrefix + answer + answerEnd }

  /// The ids of an answer with its end, as trained and as ranked.
  ///
  /// - Parameters:
  ///   - answer: The answer, or one of the choices.
  ///   - prompt: The prompt that it follows.
  package func answerIDs(_ answer: String, after prompt: String) -> [Int32] {
    answerIDs(answer, after: tokenizer.end(of: prompt))
  }

  /// The ids of an answer after a prompt that ends as the template lets it end, for the lengths of labels.
  package func answerIDs(_ answer: String) -> [Int32] { answerIDs(answer, after: usualEnd) }

  /// The ids of several answers to one prompt.
  package func answerIDs(_ answers: [String], after prompt: String) -> [[Int32]] {
    let end = tokenizer.end(of: prompt)
    return answers.map { answerIDs($0, after: end) }
  }

  private func answerIDs(_ answer: String, after end: Tokenizer.TextEnd) -> [Int32] {
    tokenizer.encode(completion(answer), after: end)
  }

  /// Renders and tokenizes an example.
  ///
  /// - Parameters:
  ///   - example: The example.
  ///   - dataset: What it belongs to.
  ///   - cutoff: The most tokens of prompt and answer together; nil for no limit. A longer prompt loses the middle of
  ///     its longest field; questions are cut when nothing else is left, and the answer last of all.
  ///   - reserved: Tokens to keep free for the answer in place of the gold answer's own, as evaluation does.
  package func render(
    _ example: Example, of dataset: DatasetDescription, cutoff: Int? = nil, reserving reserved: Int? = nil
  ) throws(TemplateError) -> RenderedExample {
    let text = dataset.prompt(for: example)
    var completion = completion(example.answer)
    var prompt = try prompt(text.text)
    var answer = answerIDs(example.answer, after: prompt)
    var ids = promptIDs(prompt)
    guard let cutoff else { return rendered(prompt, completion, ids, answer) }
    let total = ids.count.addingReportingOverflow(reserved ?? answer.count)
    guard total.overflow || total.partialValue > cutoff else { return rendered(prompt, completion, ids, answer) }

    let space = max(0, cutoff - (reserved ?? answer.count))
    let shorter = try PromptCut(renderer: self, limit: space).cut(text)
    prompt = shorter.prompt
    ids = shorter.ids
    answer = answerIDs(example.answer, after: prompt)
    var isAnswerCut = false
    if reserved == nil, ids.count + answer.count > cutoff {
      // The prompt's frame and an answer that are too long together; the answer's beginning is worth training on.
      answer = Array(answer.prefix(max(1, cutoff - ids.count)))
      completion = tokenizer.decode(answer, skipSpecialTokens: false)
      isAnswerCut = true
    }
    return RenderedExample(
      prompt: prompt, completion: completion, promptIDs: ids, answerIDs: answer, isPromptCut: shorter.isCut,
      isAnswerCut: isAnswerCut)
  }

  private func rendered(
    _ prompt: String, _ completion: String, _ ids: [Int32], _ answer: [Int32]
  ) -> RenderedExample {
    RenderedExample(
      prompt: prompt, completion: completion, promptIDs: ids, answerIDs: answer, isPromptCut: false, isAnswerCut: false)
  }

  /// What a template puts before an answer and after it, found by rendering one.
  private static func answerFrame(
    of template: ChatTemplate, _ tokenizer: Tokenizer, _ configuration: TokenizerConfiguration
  ) throws -> (prefix: String, end: String, prompt: String) {
    func refusal(_ message: String) -> ChatFormatError {
      ChatFormatError(template: template.name, message: message)
    }
    let question = ChatMessage(role: "user", content: "Question")
    let answer = "Answer7Mark"
    let prompt = try template.render(
      messages: [question], addGenerationPrompt: true, bosToken: configuration.beginningOfText,
      eosToken: configuration.endOfText, variables: variables)
    let whole = try template.render(
      messages: [question, ChatMessage(role: "assistant", content: answer)], addGenerationPrompt: false,
      bosToken: configuration.beginningOfText, eosToken: configuration.endOfText, variables: variables)
    guard let place = whole.range(of: answer) else { throw refusal("it leaves out what the assistant says") }
    let before = String(whole[..<place.lowerBound])
    // Some templates end the prompt with marks that they leave out of an answered turn (an empty thought, say); the
    // answer then follows the prompt as the model meets it when it generates.
    let prefix =
      before.utf8.starts(with: prompt.utf8)
      ? String(decoding: before.utf8.dropFirst(prompt.utf8.count), as: UTF8.self) : ""
    let rest = String(whole[place.upperBound...])
    var ends = tokenizer.addedTokens.filter(\.isSpecial).map(\.content)
    if let end = configuration.endOfText { ends.append(end) }
    let first = ends.filter { !$0.isEmpty }.compactMap { rest.range(of: $0) }.min { $0.lowerBound < $1.lowerBound }
    if let first { return (prefix, String(rest[..<first.upperBound]), prompt) }
    return (prefix, configuration.endOfText ?? "", prompt)
  }
}

/// A chat template that cannot be used for questions with answers.
package struct ChatFormatError: InputError, Equatable {
  /// The template's name.
  package let template: String
  /// What is wrong.
  package let message: String

  /// `template NAME: message`.
  package var description: String { "template \(template): \(message)" }
}
