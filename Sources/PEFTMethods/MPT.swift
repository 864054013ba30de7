import PEFTCore

/// Multitask prompt tuning: one prompt shared by several tasks, which each of them multiplies by a matrix of low rank.
///
///     P_k = P ∘ (c_k · r_k),   P: [tokens, hidden],   c_k: [tokens, rank],   r_k: [rank, hidden],   k = 1 … tasks
///     [P_k, embed(x)] → frozen model
///
/// Trainable: tokens · hidden + tasks · rank · (tokens + hidden). In the source training all tasks' rows train P, and a
/// task's own rows its c_k and r_k; the target training has one task and starts from P with the average of the sources'
/// matrices, with those of one source, or with fresh ones. As in PEFT, c and r start from normal values of deviation 0.02, so
/// that a fresh P_k is almost zero whatever P starts from, and step 0 is not the base model. The paper distils from prompts
/// that were trained for one task each; PEFT's form, which this is, has no distillation.
struct MPT: PEFTMethod {
  static let name = "mpt"
  static let summary = "multitask prompt tuning: a prompt that tasks share, times a low-rank matrix for each"
  static let source = "Wang et al. 2023, arXiv 2303.02861"
  static let trainingOptions: Set<String> = ["init", "init_text", "source_task", "tasks"]
  static let runOptions: Set<String> = [tasksOption]
  static let aliases = [
    OptionAlias("num_virtual_tokens", of: "tokens", origin: .peft), OptionAlias("num_ranks", of: "rank", origin: .peft),
    OptionAlias("num_tasks", of: tasksOption, origin: .peft),
    OptionAlias(
      "prompt_tuning_init", of: "init", origin: .peft,
      translations: Start.allCases.map { .init(JSONValue($0.peftName), JSONValue($0.rawValue)) }, takesOthers: false),
    OptionAlias("prompt_tuning_init_text", of: "init_text", origin: .peft),
    OptionAlias("prompt_tuning_init_task", of: "source_task", origin: .peft),
  ]

  /// What the prompt and the tasks' matrices start from.
  enum Start: String, CaseIterable, Sendable {
    case random, vocabulary, text
    case averageSourceTasks = "average_source_tasks"
    case exactSourceTask = "exact_source_task"
    case onlySourceShared = "only_source_shared"

    /// PEFT's word for it; it has none for tokens that are drawn.
    var peftName: String { self == .vocabulary ? "SAMPLE_VOCAB" : rawValue.uppercased() }

    /// What the prompt starts from where no saved adapter says it.
    var prompt: PromptStart { PromptStart(rawValue: rawValue) ?? .random }

    /// Whether it takes values of a source adapter that may have another number of tasks.
    var isFromSource: Bool { PromptStart(rawValue: rawValue) == nil }
  }

  /// Number of virtual tokens.
  let tokens: Int
  /// Rank of the tasks' matrices.
  let rank: Int
  /// Number of tasks.
  let tasks: Int
  /// What values start from.
  let start: Start
  /// The text, for `Start.text`.
  let text: String?
  /// The source's task, for `Start.exactSourceTask`.
  let sourceTask: Int

  init(options: inout OptionReader) throws {
    tokens = try options.integer("tokens", default: 100, in: 1...1_000_000, about: "number of virtual tokens")
    rank = try options.integer("rank", default: 1, in: 1...10_000, about: "rank of the tasks' matrices")
    tasks = try options.integer(
      Self.tasksOption, default: 1, in: 1...10_000,
      about: "number of tasks; that of the datasets that a run trains on together, unless given")
    let given = try options.choice(
      "init", default: Start.random,
      about: "what the prompt starts from: random values, tokens of the vocabulary or of init_text; or the adapter of "
        + "init_from: with the average of its tasks, with its task source_task, or without its tasks")
    text = try options.optionalString("init_text", about: "the text that init: text starts from")
    sourceTask = try options.integer(
      "source_task", default: 0, in: 0...9_999, about: "the task, from 0, that init: exact_source_task takes")
    start = text != nil && !options.has("init") ? .text : given
    if start == .text, text?.isEmpty ?? true { throw options.error("init", "\"text\" needs \"init_text\" too") }
    if start != .text, text != nil { throw options.error("init_text", "needs init: text too") }
    if start != .exactSourceTask, sourceTask != 0 {
      throw options.error("source_task", "needs init: exact_source_task too")
    }
  }

  init?(peft settings: AdapterSettings, type: String) throws {
    guard type == Self.peftType else { return nil }
    try settings.refuse(["modules_to_save"])
    tokens = try settings.integer("num_virtual_tokens", in: 1...1_000_000)
    rank = try settings.integer("num_ranks", default: 1, in: 1...10_000)
    tasks = try settings.integer("num_tasks", default: 1, in: 1...10_000)
    (start, text, sourceTask) = (.random, nil, 0)
  }

  private static let peftType = "MULTITASK_PROMPT_TUNING"
  private static let deviation: Float = 0.02

  var options: [(name: String, value: JSONValue)] {
    [("tokens", JSONValue(tokens)), ("rank", JSONValue(rank)), (Self.tasksOption, JSONValue(tasks))]
  }

  func attach(
    to model: CausalLanguageModel, with setting: AttachmentSetting, placing placements: Placements
  ) throws -> AttachedMethod {
    let (hidden, count) = (model.configuration.hiddenSize, tokens)
    let seeds = setting.seeds.child(Self.name)
    let ids = try start.prompt.tokens(count, text: text, model: model, setting: setting, purpose: Self.name)
    let shared = Parameter("prompt_embeddings", shape: [count, hidden], in: setting.context.pool) { [unowned model] in
      guard let ids else { return seeds.normals(count * hidden, standardDeviation: 1) }
      let scale = model.configuration.embeddingScale
      return ids.flatMap { id in model.embedding.vector(Int(id)).map { $0 * scale } }
    }
    func matrices(_ name: String, _ shape: [Int]) -> Parameter {
      Parameter(name, shape: shape, in: setting.context.pool) {
        seeds.child(name).normals(shape.reduce(1, *), standardDeviation: Self.deviation)
      }
    }
    let prompt = MultitaskPrompt(
      shared: shared, columns: matrices("prefix_task_cols", [tasks, count, rank]),
      rows: matrices("prefix_task_rows", [tasks, rank, hidden]))
    try placements.place(.virtualTokens(prompt), at: model.sequenceStart)
    return AttachedMethod(
      parameters: prompt.parameters, inferenceCost: InferenceCost(virtualTokens: count),
      format: AdapterFormat(
        peftType: Self.peftType,
        configuration: PromptTuning.promptMembers(of: model, tokens: count) + [
          ("num_ranks", JSONValue(rank)), ("num_tasks", JSONValue(tasks)),
        ],
        tensors: prompt.parameters.map { AdapterTensor($0, key: $0.name) }),
      tasks: TaskChoice(count: tasks) { prompt.task = $0 })
  }

  /// Takes a saved adapter's values: all of them, or those of its source training that `init` says.
  ///
  /// - Throws: `AttachError` where `init` asks for a source and there is none, or another number of tasks than it can take;
  ///   `CheckpointError` for an adapter that does not fit.
  func begin(_ attachment: AttachedMethod, from adapter: AdapterFile?) throws {
    guard start.isFromSource else {
      guard let adapter else { return }
      if let saved = try adapter.method(as: Self.self) as? MPT, saved.tasks != tasks {
        throw AttachError(
          "\(adapter.path) has \(saved.tasks) \(saved.tasks == 1 ? "task" : "tasks") and this training \(tasks): say by "
            + "init what is taken of it, average_source_tasks, exact_source_task or only_source_shared", option: "init")
      }
      return try adapter.load(into: attachment)
    }
    guard let adapter else {
      throw AttachError("init: \(start.rawValue) needs init_from, the folder of a source adapter", option: "init")
    }
    let source = try SourcePrompt(adapter, tokens: tokens, rank: rank)
    let parameters = attachment.parameters
    let shared = source.shared
    guard shared.count == parameters[0].elementCount else {
      throw CheckpointError(file: adapter.path, tensor: "prompt_embeddings", "is of a model of another width")
    }
    guard start != .onlySourceShared else { return parameters[0].assign(shared) }
    guard tasks == 1 else {
      throw AttachError("init: \(start.rawValue) starts one task, and there are \(tasks)", option: "init")
    }
    guard start != .exactSourceTask || sourceTask < source.tasks else {
      throw AttachError(
        "\(adapter.path) has the tasks 0 to \(source.tasks - 1), and no task \(sourceTask)", option: "source_task")
    }
    let task = start == .exactSourceTask ? sourceTask : nil
    for (parameter, values) in zip(parameters, [shared, source.columns(of: task), source.rows(of: task)]) {
      parameter.assign(values)
    }
  }
}
