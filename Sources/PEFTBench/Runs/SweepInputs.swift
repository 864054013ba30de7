import Foundation
import PEFTCore
import PEFTMethods

/// What the runs of a sweep share: outlines of the models and prepared datasets, each made once when first asked for.
final class SweepInputs {
  let configuration: RunConfiguration
  private let context: ComputeContext
  /// Told what the user should know about the files, each thing once.
  private let note: (String) -> Void

  private var outlines: [(configuration: ModelConfiguration, outline: ModelOutline)] = []
  private var datasets: [String: PreparedDataset] = [:]
  private var sizes: [String: DatasetSizes] = [:]
  private var methods: [String: (figures: MethodFigures, virtualTokens: Int)] = [:]
  private var adapters: [String: SealedFiles] = [:]
  private var notes: Set<String> = []

  init(_ configuration: RunConfiguration, context: ComputeContext, note: @escaping (String) -> Void) {
    self.configuration = configuration
    self.context = context
    self.note = note
  }

  /// A model without its weights; `weights` are their files where their content is known.
  func outline(of configuration: ModelConfiguration, weights: SealedFiles? = nil) throws -> ModelOutline {
    if let known = outlines.first(where: { $0.configuration == configuration }) { return known.outline }
    let outline = try ModelOutline(configuration, weights: weights)
    outlines.append((configuration, outline))
    return outline
  }

  /// The data of a run, as its model sees it.
  ///
  /// - Throws: An `InputError` for data that cannot be read, or a method that does not fit the model.
  func data(of run: PlannedRun) throws -> PreparedDataset {
    let outline = try outline(of: run.model)
    let (key, cutoff) = try dataKey(of: run)
    if let data = datasets[key] { return data }
    try outline.renderer.requireEndToken(of: run.model.path)
    let data = try PreparedDataset(
      run.dataset, configuration: configuration, renderer: outline.renderer, cutoff: cutoff,
      vocabularySize: outline.files.configuration.vocabularySize)
    if let rows = run.method.training.validationRows, rows >= data.training.count, run.trains {
      throw FileError(
        path: run.title,
        "validation_rows (val_size) is \(rows), but there are only \(data.training.count) training rows to hold them "
          + "out of")
    }
    if outline.skeleton.positionLimit != nil, data.longestExample > cutoff {
      throw FileError(
        path: run.model.path,
        "has positions for \(cutoff) tokens, but an example of \(run.dataset.id) cannot be cut below "
          + "\(data.longestExample)")
    }
    for text in data.notes where notes.insert(text).inserted { note(text) }
    datasets[key] = data
    return data
  }

  /// Refuses a run whose tensors do not fit into memory.
  ///
  /// - Returns: What the run needs at its peak.
  /// - Throws: `MemoryError`.
  func checkMemory(of run: PlannedRun, in available: AvailableMemory) throws -> MemoryUse {
    let outline = try outline(of: run.model)
    var weights = MemoryUse()
    weights[.weights] = try outline.weightBytes()
    try available.check(weights, of: run.model.path, advice: "take a smaller model, or a quantized GGUF file of it")
    let memory = RunMemory(
      run: run, evaluation: configuration.evaluation, model: outline.skeleton, weightBytes: weights[.weights],
      method: try method(of: run).figures, data: try size(of: run))
    let need = memory.largest
    try available.check(need, of: run.title, advice: memory.advice)
    return need
  }

  /// How much work a run is beside others.
  func work(of run: PlannedRun) throws -> Double {
    RunCost(
      run: run, evaluation: configuration.evaluation, model: try outline(of: run.model).skeleton,
      method: try method(of: run).figures, data: try size(of: run)
    ).seconds(.usual)
  }

  private func size(of run: PlannedRun) throws -> DatasetSizes {
    let key = try dataKey(of: run).key
    if let known = sizes[key] { return known }
    let size = DatasetSizes(try data(of: run), renderer: try outline(of: run.model).renderer)
    sizes[key] = size
    return size
  }

  private func dataKey(of run: PlannedRun) throws -> (key: String, cutoff: Int) {
    let cutoff = try run.cutoff(of: outline(of: run.model).skeleton, virtualTokens: method(of: run).virtualTokens)
    return ("\(place(of: run.model)) \(run.dataset.id) \(cutoff)", cutoff)
  }

  /// What determines a run's numbers.
  func identity(of run: PlannedRun) throws -> RunIdentity {
    try RunIdentity(
      of: run, in: configuration, model: try outline(of: run.model).identity,
      adapterHash: try run.method.initialAdapter.map { try sealed($0).sha256WithNames },
      dataset: try data(of: run).identity)
  }

  /// Attaches a run's method to the model without weights, once for all runs: so options that do not fit the model are
  /// found before anything is written.
  ///
  /// - Returns: What the method costs, and the positions that it puts before every sequence.
  private func method(of run: PlannedRun) throws -> (figures: MethodFigures, virtualTokens: Int) {
    let outline = try outline(of: run.model)
    let key = "\(place(of: run.model)) \(run.method.label)"
    if let known = methods[key] { return known }
    let skeleton = try outline.files.skeleton()
    try checkAdapter(of: run)
    let attachment = try run.method.attach(
      to: skeleton,
      with: AttachmentSetting(
        seeds: SeedStream(run.seed), context: context, tokenizer: outline.renderer.tokenizer),
      of: configuration.file)
    try checkAdapter(of: run)
    for text in attachment.notes.map({ "\(run.method.label): \($0)" }) where notes.insert(text).inserted { note(text) }
    let new = (
      MethodFigures(trainable: attachment.trainableCount, inference: attachment.inferenceCost),
      skeleton.prompt?.count ?? 0
    )
    methods[key] = new
    return new
  }

  /// Refuses a saved adapter to start from that is not the one that the ids were made with.
  ///
  /// - Throws: `FileError` that names the file.
  func checkAdapter(of run: PlannedRun) throws {
    guard let adapter = run.method.initialAdapter else { return }
    try sealed(adapter).check(SealedFiles.adapterFiles(adapter))
  }

  private func sealed(_ adapter: String) throws -> SealedFiles {
    if let known = adapters[adapter] { return known }
    let files = try SealedFiles(adapter: adapter)
    adapters[adapter] = files
    return files
  }

  private func place(of model: ModelConfiguration) -> Int {
    outlines.firstIndex { $0.configuration == model } ?? -1
  }
}
