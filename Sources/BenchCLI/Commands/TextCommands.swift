import Foundation
import PEFTBench
import PEFTCore
import PEFTMethods

/// `tokenize`, `score` and `generate`: a model asked line by line from standard input.
enum TextCommands {
  private static let model = OptionSpec(
    long: "model", short: "m", valueName: "PATH", isRequired: true,
    help: "A model's folder or GGUF file.")
  private static let adapter = OptionSpec(
    long: "adapter", valueName: "DIR", help: "A saved adapter in Hugging Face PEFT's format.")
  private static let task = OptionSpec(
    long: "task", valueName: "K", help: "Of an adapter that tells several tasks apart, which one is meant, from 0.")

  static let tokenize = Command(
    name: "tokenize", summary: "Turn lines of text into token ids, or ids back into text.",
    discussion: [
      "One JSON list of ids per line; no special tokens are added. With --decode, the other way round. A folder with "
        + "nothing but tokenizer.json, or vocab.json and merges.txt, is enough."
    ],
    options: [model, OptionSpec(long: "decode", help: "Read lists of ids and print the texts.")],
    examples: [
      .init(line: "echo 'Hello world' | peft-bench tokenize --model models/x", meaning: "Ids of one line."),
      .init(line: "echo '[19556,905]' | peft-bench tokenize --model models/x --decode", meaning: "And back."),
    ],
    run: { arguments, console in
      let tokenizer = try ModelFiles.tokenizer(at: arguments.required("model"))
      let decode = arguments.flag("decode")
      var number = 0
      for line in InputLines() {
        number += 1
        if decode {
          console.print(tokenizer.decode(try ids(line, number, of: tokenizer), skipSpecialTokens: false))
        } else {
          let ids = tokenizer.encode(line, addSpecialTokens: false)
          console.print("[" + ids.map(String.init).joined(separator: ",") + "]")
        }
      }
      return .done
    })

  static let score = Command(
    name: "score", summary: "Log-probabilities of completions under a model.",
    discussion: [
      "Each line of standard input is {\"prompt\": text, \"completion\": text}; the completion's ids follow the "
        + "prompt's, no token spans the boundary, and no special tokens are added. {\"ids\": [...], \"from\": k} scores positions k and later of the "
        + "given ids instead. Prints {\"logprob\", \"tokens\", \"token_logprobs\", \"greedy\"} per line."
    ],
    options: [model, adapter, task, .threads],
    examples: [
      .init(line: "peft-bench score --model models/x < pairs.jsonl", meaning: "Score pairs of texts."),
      .init(line: "peft-bench score --model models/x --adapter runs/a < pairs.jsonl", meaning: "With an adapter."),
    ],
    run: { arguments, console in
      let session = try ModelSession(arguments)
      var number = 0
      for line in InputLines() {
        number += 1
        guard !line.allSatisfy(\.isWhitespace) else { continue }
        let (prompt, completion) = try session.pair(line, number)
        let values = session.score(prompt: prompt, completion: completion)
        console.print(line: [
          "logprob": JSONValue(values.reduce(0) { $0 + $1.logProbability }), "tokens": JSONValue(values.count),
          "token_logprobs": JSONValue(values.map(\.logProbability)),
          "greedy": JSONValue(values.allSatisfy(\.isGreedy)),
        ])
        console.flush()
      }
      return .done
    })

  static let generate = Command(
    name: "generate", summary: "Greedy continuations of prompts.",
    discussion: ["Each line of standard input is a prompt; prints one {\"text\": ...} per line."],
    options: [
      model, adapter, task, OptionSpec(long: "chat", help: "Render each prompt as a user's turn by the chat template."),
      OptionSpec(long: "template", valueName: "NAME", help: "A chat template in place of the model's own."),
      OptionSpec(long: "max-new-tokens", valueName: "N", help: "Most new tokens; 64 unless given."), .threads,
    ],
    examples: [
      .init(line: "echo 'Once upon a time' | peft-bench generate --model models/x", meaning: "Continue a text."),
      .init(line: "echo 'Hello!' | peft-bench generate --model models/x --chat", meaning: "Answer a message."),
    ],
    run: { arguments, console in
      let limit = try arguments.integer("max-new-tokens", in: 1...1_000_000) ?? 64
      let session = try ModelSession(arguments)
      let tokenizer = try session.tokenizer.get()
      let chat = arguments.flag("chat")
      let renderer = chat ? try LoadedModel.renderer(of: session.files, template: arguments.value("template")) : nil
      let ends = session.files.endTokens + [renderer?.endToken].compactMap { $0 }
      let size = session.model.configuration.vocabularySize
      let generator = Generator(model: session.model, endTokens: ends, context: session.context)
      let shared = generator.cache(shared: [])
      var number = 0
      for line in InputLines() {
        let prompt =
          try renderer.map { $0.promptIDs(try $0.prompt(line)) }
          ?? tokenizer.encode(line, addSpecialTokens: true)
        number += 1
        let text = DocumentText(name: "standard input", bytes: [], firstLine: number)
        try tokenizer.check(prompt, within: size, place: text.location(of: 0).description)
        if let limit = session.model.positionLimit, prompt.count + (shared?.end ?? 0) > limit {
          throw DocumentError(
            "\(prompt.count) tokens, but \(session.files.name) has positions for \(limit)", at: 0, of: text)
        }
        guard !prompt.isEmpty else {
          console.print(line: ["text": ""])
          continue
        }
        let ids = try generator.generate([prompt], after: shared, maximumNewTokens: limit)[0]
        console.print(line: ["text": JSONValue(tokenizer.decode(ids, skipSpecialTokens: true))])
        console.flush()
      }
      return .done
    })

  static func files(_ arguments: ParsedArguments) throws -> ModelFiles {
    try ModelFiles.open(arguments.required("model"))
  }

  private static func ids(_ line: String, _ number: Int, of tokenizer: Tokenizer) throws -> [Int32] {
    let text = DocumentText(name: "standard input", bytes: Array(line.utf8), firstLine: number)
    let value = try JSONParser.parse(text)
    let ids = value.array?.compactMap { $0.integer.flatMap(Int32.init(exactly:)) } ?? []
    guard let array = value.array, ids.count == array.count else {
      throw DocumentError("expected a list of token ids", at: value.offset, of: text)
    }
    if let index = ids.firstIndex(where: { tokenizer.token(for: $0) == nil }) {
      throw DocumentError(
        "the tokenizer has no token \(ids[index]); its ids are below \(tokenizer.vocabularySize)",
        at: array[index].offset, of: text)
    }
    return ids
  }
}

/// A model with an adapter for the commands that ask it directly.
struct ModelSession {
  let files: ModelFiles
  let model: CausalLanguageModel
  /// Ids can be scored without one, so that there is none matters only where a text is met.
  let tokenizer: Result<Tokenizer, any Error>
  let context: ComputeContext

  init(_ arguments: ParsedArguments) throws {
    files = try TextCommands.files(arguments)
    let threads = try arguments.integer("threads", in: 1...4096) ?? ProcessInfo.processInfo.activeProcessorCount
    context = ComputeContext(threads: threads)
    tokenizer = Result { [files] in try files.tokenizer() }
    model = try files.load(as: .auto, context: context)
    if let path = arguments.value("adapter") {
      let file = try AdapterFile.open(path)
      let attachment = try file.method().attach(
        to: model, with: AttachmentSetting(seeds: SeedStream(0), context: context, tokenizer: try? tokenizer.get()))
      try file.load(into: attachment)
      try Self.show(attachment.tasks, arguments)
    } else if arguments.value("task") != nil {
      throw arguments.error("--task goes with --adapter")
    }
  }

  /// Lets an adapter of several tasks stand for the one that is meant, which has to be said.
  private static func show(_ tasks: TaskChoice?, _ arguments: ParsedArguments) throws {
    let count = tasks?.count ?? 1
    if let task = try arguments.integer("task", in: 0...(count - 1)) {
      tasks?.show(task)
    } else if count > 1 {
      throw arguments.error("the adapter has \(count) tasks; say by --task which one is meant, from 0 to \(count - 1)")
    }
  }

  /// Prompt and completion of a line of input, as ids.
  func pair(_ line: String, _ number: Int) throws -> (prompt: [Int32], completion: [Int32]) {
    let text = DocumentText(name: "standard input", bytes: Array(line.utf8), firstLine: number)
    let value = try JSONParser.parse(text)
    if let list = value["ids"]?.array {
      let size = model.configuration.vocabularySize
      let ids = try list.map { entry throws -> Int32 in
        guard let id = entry.integer, (0..<size).contains(id) else {
          let found = entry.integer.map { "id \($0)" } ?? entry.kindName
          throw DocumentError(
            "\"ids\": found \(found), but the model's vocabulary has \(size) entries, with ids from 0 to \(size - 1)",
            at: entry.offset, of: text)
        }
        return Int32(id)
      }
      guard let from = value["from"]?.integer, (1...max(1, ids.count)).contains(from) else {
        throw DocumentError("\"from\": expected a position from 1 to \(ids.count)", at: value.offset, of: text)
      }
      return try checked((Array(ids[..<from]), Array(ids[from...])), at: value.offset, of: text)
    }
    guard let prompt = value["prompt"]?.string, let completion = value["completion"]?.string else {
      throw DocumentError("expected \"prompt\" and \"completion\", or \"ids\" and \"from\"", at: value.offset, of: text)
    }
    let tokenizer = try tokenizer.get()
    let ids = tokenizer.encode(prompt, addSpecialTokens: false)
    guard !ids.isEmpty else {
      throw DocumentError("\"prompt\" is empty: nothing predicts the first token", at: value.offset, of: text)
    }
    let following = tokenizer.encode(completion, after: tokenizer.end(of: prompt))
    for (key, part) in [("prompt", ids), ("completion", following)] {
      try tokenizer.check(
        part, within: model.configuration.vocabularySize,
        place: text.location(of: value[key]?.offset ?? value.offset).description)
    }
    return try checked((ids, following), at: value.offset, of: text)
  }

  /// Refuses what is longer than the positions of a model that learned a vector for each.
  private func checked(
    _ pair: (prompt: [Int32], completion: [Int32]), at offset: Int, of text: DocumentText
  ) throws -> (prompt: [Int32], completion: [Int32]) {
    let count = pair.prompt.count + max(0, pair.completion.count - 1)
    guard let limit = model.positionLimit, count + (model.sequenceStart.count) > limit else { return pair }
    throw DocumentError(
      "\(count) tokens, but \(files.name) has positions for \(limit - (model.sequenceStart.count))", at: offset,
      of: text
    )
  }

  func score(prompt: [Int32], completion: [Int32]) -> [(logProbability: Double, isGreedy: Bool)] {
    guard !completion.isEmpty else { return [] }
    let tape = Tape(context: context, recording: false)
    var (forest, root) = model.startForest()
    let segment = forest.add(.tokens(prompt + completion.dropLast()), under: root)
    let first = forest.segments[segment].rows.lowerBound + prompt.count - 1
    let labels = completion.enumerated().map { LabelledPosition(row: first + $0.offset, target: $0.element, weight: 1) }
    let hidden = model.hiddenStates(forest, reading: labels.map(\.row), on: tape)
    return model.logProbabilities(of: labels, hidden: hidden, on: tape)
  }
}
