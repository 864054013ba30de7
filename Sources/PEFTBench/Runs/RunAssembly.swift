import Foundation
import PEFTCore
import PEFTMethods

/// What a method's attachment says of its cost.
struct MethodFigures {
  let trainable: Int
  let inference: InferenceCost
  /// What the size of an optimizer's state depends on.
  let stateShape: OptimizerStateShape
  /// How many of the model's first blocks it has no part in.
  let frozenBlockCount: Int
  /// What it does at certain steps of a training.
  let schedules: [any StepSchedule]
}

/// What runs are put together from, for whoever plans them, does them or tells them apart.
///
/// These are models without their weights, prepared datasets and their sizes, and what methods cost, each made once, when
/// it is first asked for.
final class RunAssembly {
  /// What is kept of a dataset.
  enum Keeping {
    /// All rows, for runs that are to be done.
    case rows
    /// Nothing but sizes and hashes: a plan may be of more datasets than fit into memory.
    case sizes
  }

  let configuration: RunConfiguration
  private let context: ComputeContext
  private var keeping: Keeping
  private let needsWeights: Bool
  /// Called with what the user should know about the files, each thing once.
  private let note: (String) -> Void

  private var outlines: [(configuration: ModelConfiguration, outline: ModelOutline)] = []
  private var datasets: [String: PreparedDataset] = [:]
  private var sizes: [String: DatasetSizes] = [:]
  private var methods: [String: (figures: MethodFigures, virtualTokens: Int, taskCount: Int?)] = [:]
  private let rehearsals = TrainingRehearsals()
  private var adapters: [[String]: SealedFiles] = [:]
  /// By which strategy the members of a run vote that trains nothing, by the run's id.
  private var votes: [String: TrainingStrategy] = [:]
  private var notes: Set<String> = []

  init(
    _ configuration: RunConfiguration, context: ComputeContext, keeping: Keeping = .rows,
    note: @escaping (String) -> Void
  ) {
    self.configuration = configuration
    self.context = context
    self.keeping = keeping
    needsWeights = keeping == .rows
    self.note = note
  }

  /// Notes something unless it was noted before.
  func noteOnce(_ text: String) {
    if notes.insert(text).inserted { note(text) }
  }

  /// Lets the rows go, and keeps no others from now on.
  func keepSizesAlone() {
    keeping = .sizes
    datasets = [:]
  }

  // MARK: - Models

  /// A model without its weights; `weights` are their files where their content is known.
  ///
  /// Where runs are to be done, the weights must be there.
  func outline(of configuration: ModelConfiguration, weights: SealedFiles? = nil) throws -> ModelOutline {
    if let known = outlines.first(where: { $0.configuration == configuration }) { return known.outline }
    let outline = try ModelOutline(configuration, weights: weights, needsWeights: needsWeights)
    outlines.append((configuration, outline))
    return outline
  }

  private func place(of model: ModelConfiguration) -> Int {
    outlines.firstIndex { $0.configuration == model } ?? -1
  }

  // MARK: - Data

  /// The data of a run, as its model sees it.
  ///
  /// - Throws: An `InputError` for data that cannot be read, or a method that does not fit the model.
  func data(of run: PlannedRun) throws -> PreparedDataset {
    let outline = try outline(of: run.model)
    let (key, cutoff) = try dataKey(of: run)
    if let data = datasets[key] { return data }
    try outline.renderer.requireEndToken(of: run.model.path)
    func prepared(_ dataset: DatasetDescription) throws -> PreparedDataset {
      try PreparedDataset(
        dataset, configuration: configuration, renderer: outline.renderer, cutoff: cutoff,
        vocabularySize: outline.files.configuration.vocabularySize, sampleSeed: run.seeds.sample,
        strategy: run.rowStrategy)
    }
    let data =
      try run.dataset.mixture.map { mixture in
        try PreparedDataset(
          run.dataset, of: mixture, members: mixture.members.map(prepared),
          limit: AnswerLimit(run.dataset, evaluation: configuration.evaluation, renderer: outline.renderer))
      } ?? prepared(run.dataset)
    if outline.skeleton.positionLimit != nil, data.longestExample > cutoff {
      throw FileError(
        path: run.model.path,
        "has positions for \(cutoff) tokens, but an example of \(run.dataset.id) cannot be cut below "
          + "\(data.longestExample)")
    }
    for text in data.notes { noteOnce(text) }
    if keeping == .rows { datasets[key] = data }
    return data
  }

  /// The sizes of a run's data.
  ///
  /// - Throws: What `data` throws; an `InputError` for more rows to hold out than there are.
  func size(of run: PlannedRun) throws -> DatasetSizes {
    let key = try dataKey(of: run).key
    let size: DatasetSizes
    if let known = sizes[key] {
      size = known
    } else {
      size = DatasetSizes(try data(of: run), renderer: try outline(of: run.model).renderer)
      sizes[key] = size
    }
    try checkHeldOutRows(of: run, among: size.trainingRows)
    return size
  }

  /// Most tokens of an example of a run.
  func cutoff(of run: PlannedRun) throws -> Int { try dataKey(of: run).cutoff }

  private func dataKey(of run: PlannedRun) throws -> (key: String, cutoff: Int) {
    let cutoff = try run.cutoff(of: outline(of: run.model).skeleton, virtualTokens: method(of: run).virtualTokens)
    let sample = run.seeds.sample.map { " sample \($0)" } ?? ""
    let rows = run.rowStrategy == .standard ? "" : " \(run.rowStrategy.label)"
    return ("\(place(of: run.model)) \(run.dataset.id) \(cutoff)\(sample)\(rows)", cutoff)
  }

  /// The training rows that a run holds back, as rows to be answered.
  ///
  /// - Parameter limit: Most rows, the first ones of those held back; all unless given.
  /// - Returns: The rows; nil where it holds none back.
  /// - Throws: What `data` throws.
  func heldOutRows(of run: PlannedRun, limit: Int? = nil) throws -> ScoredRows? {
    try data(of: run).heldOutRows(of: run, outline(of: run.model), cutoff: cutoff(of: run), limit: limit)
  }

  /// The training rows that a run chooses the adapter on that it starts from.
  ///
  /// - Throws: `DocumentError` with the place of the method in the config, where there are none.
  func choiceRows(of run: PlannedRun) throws -> ScoredRows {
    if let rows = try heldOutRows(of: run) { return rows }
    let reason =
      run.dataset.mixture == nil
      ? "has too few training rows to hold any back"
      : "is several datasets, of which no rows are held back to be answered"
    throw run.method.entry.error(
      ".init_from.\(AdapterChoice.key): there are no rows to choose on, since \(run.dataset.id) \(reason)")
  }

  /// Refuses a folder for the states of frozen layers in which no file can be made, before anything is done.
  private func checkCacheFolder(of run: PlannedRun) throws(FileError) {
    guard run.trains, case .disk(let folder?, _) = run.training.frozenLayerCache else { return }
    let isOwn = run.training.frozenLayerCache != configuration.training.frozenLayerCache
    let key = "\(isOwn ? run.method.entry.path : "training").frozen_layer_cache.folder"
    // A run makes the folders that are not there yet.
    var nearest = URL(filePath: folder)
    while !FileManager.default.fileExists(atPath: nearest.path), nearest.pathComponents.count > 1 {
      nearest.deleteLastPathComponent()
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: nearest.path, isDirectory: &isFolder), isFolder.boolValue else {
      throw FileError(path: folder, "\(key): \(nearest.path) is a file, expected a folder")
    }
    guard FileManager.default.isWritableFile(atPath: nearest.path) else {
      throw FileError(path: folder, "\(key): \(nearest.path) cannot be written to, expected a folder that can")
    }
  }

  /// What must be known of the rows that a run chooses the adapter on that it starts from; nothing for other runs.
  ///
  /// - Throws: What `data` throws.
  func choiceNotes(of run: PlannedRun) throws -> [String] {
    guard let choice = run.method.adapterSource.choice, run.dataset.mixture == nil else { return [] }
    // All candidates are made of the same adapters.
    let adapters = choice.candidates[0].recipe.adapters.map(\.path)
    return try data(of: run).notesOfTrainedRows(heldBackBy: run, from: adapters)
  }

  private func checkHeldOutRows(of run: PlannedRun, among count: Int) throws {
    if run.method.adapterSource.choice != nil, run.dataset.mixture != nil || count < 2 { _ = try choiceRows(of: run) }
    guard let rows = run.method.training.validationRows, rows >= count,
      run.trains || run.method.adapterSource.choice != nil
    else { return }
    throw FileError(
      path: run.title,
      "validation_rows (val_size) is \(rows), but there are only \(count) training rows to hold them out of")
  }

  // MARK: - Runs

  /// What determines a run's numbers; nil for a model without weights.
  func identity(of run: PlannedRun) throws -> RunIdentity? {
    try checkCacheFolder(of: run)
    let dataset: DatasetIdentity
    switch keeping {
    case .rows:
      let data = try data(of: run)
      try checkHeldOutRows(of: run, among: data.training.count)
      dataset = data.identity
    case .sizes: dataset = try size(of: run).identity
    }
    try checkSteps(of: run)
    for text in try choiceNotes(of: run) { noteOnce("\(run.title): \(text)") }
    guard let model = try outline(of: run.model).identity else { return nil }
    let identity = try RunIdentity(
      of: try canonical(run), in: configuration, model: model,
      adapterHash: try adapterHash(of: run), dataset: dataset)
    try checkVote(of: run, identity.id)
    return identity
  }

  /// Refuses to ask saved members twice under the names of two strategies: how they came to be is in their files.
  private func checkVote(of run: PlannedRun, _ id: String) throws(DocumentError) {
    guard !run.isZeroShot, !run.trains else { return }
    let strategy = run.training.strategy
    if let other = votes[id], other != strategy {
      throw run.method.entry.error(
        ": the strategies \(other.name) and \(strategy.name) ask the same saved members, which makes the same run: name one of them"
      )
    }
    votes[id] = strategy
  }

  /// A run with its id and the hashes of what it reads.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - index: Its place.
  ///   - isListed: Whether the config's list has it at that place.
  /// - Throws: An `InputError` for what cannot be read or does not fit.
  func sweepRun(_ run: PlannedRun, index: Int, isListed: Bool) throws -> SweepRun {
    let outline = try outline(of: run.model)
    guard let identity = try identity(of: run), let weights = outline.weights else {
      throw FileError(path: run.model.path, "has no weights")
    }
    try noteAbsence(ofStrategyIn: run)
    try checkRecomputation(of: run)
    return SweepRun(
      index: index, planned: run, id: identity.id, inputs: RunInputs(identity, weights: weights),
      proposal: isListed ? nil : configuration.proposal(of: run))
  }

  /// What a run costs.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - available: Bytes that it may take, as in `memory`.
  func cost(of run: PlannedRun, within available: Int? = nil) throws -> RunCost {
    let data = try size(of: run)
    return RunCost(
      run: run, evaluation: configuration.evaluation, model: try outline(of: run.model).skeleton,
      method: try figures(of: run), data: data, counts: data.rows.counts(run.training, TrainingSeeds(run.seeds)),
      voters: try run.voterCount,
      recomputedShare: run.training.recompute == .none ? 0 : try memory(of: run, within: available).recomputedShare)
  }

  /// The tensors that a run holds.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - speed: What a look at the machine found activations to take.
  ///   - available: Bytes that it may take, by which `training.recompute: auto` goes; nil for no bound.
  func memory(of run: PlannedRun, speed: MachineSpeed? = nil, within available: Int? = nil) throws -> RunMemory {
    let outline = try outline(of: run.model)
    return RunMemory(
      run: run, evaluation: configuration.evaluation, model: outline.skeleton, weightBytes: try outline.weightBytes(),
      method: try figures(of: run), data: try size(of: run),
      rehearsal: try rehearsals.rehearsal(
        of: run, methodKey: methodKey(of: run), figures(of: run), size(of: run), outline),
      // A choice goes by shapes alone, so that a plan, the check before a sweep and a worker all make the same one.
      speed: run.training.recompute.isChoice ? nil : speed
    ).choosingBlocks(within: available)
  }

  /// Refuses a run whose tensors do not fit into memory.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - available: What it must fit into.
  ///   - share: Bytes that it is to take at most where it can choose; all unless given.
  /// - Returns: What the run needs at its peak.
  /// - Throws: `MemoryError`.
  func checkMemory(of run: PlannedRun, in available: AvailableMemory, share: Int? = nil) throws -> MemoryUse {
    var weights = MemoryUse()
    weights[.weights] = try outline(of: run.model).weightBytes()
    try available.check(weights, of: run.model.path, advice: "take a smaller model, or a quantized GGUF file of it")
    let memory = try memory(of: run, within: share ?? available.bytes)
    let need = memory.largest
    try available.check(need, of: run.title, advice: memory.advice)
    return need
  }

  // MARK: - Methods

  /// What a run's method costs.
  func figures(of run: PlannedRun) throws -> MethodFigures { try method(of: run).figures }

  /// Refuses a method that tells another number of tasks apart than the run has datasets.
  private func checkTasks(of run: PlannedRun, _ count: Int?) throws(DocumentError) {
    guard let count, count != run.dataset.taskCount else { return }
    throw run.method.entry.error(
      ": \(run.method.label) has \(NumberText.counted(count, "task")), but \(run.dataset.id) has "
        + "\(run.dataset.taskCount); leave out tasks, or name as many datasets together")
  }

  /// Attaches a run's method to the model without weights, once for all runs: so options that do not fit the model are
  /// found before anything is written.
  ///
  /// - Returns: What the method costs, and the positions that it puts before every sequence.
  private func method(
    of run: PlannedRun
  ) throws -> (figures: MethodFigures, virtualTokens: Int, taskCount: Int?) {
    let outline = try outline(of: run.model)
    let key = try methodKey(of: run)
    if let known = methods[key] {
      try checkTasks(of: run, known.taskCount)
      return known
    }
    let skeleton = try outline.files.skeleton()
    try checkAdapter(of: run)
    let attachment = try run.method.attach(
      to: skeleton,
      with: AttachmentSetting(
        seeds: SeedStream(run.seed), context: context, tokenizer: outline.renderer.tokenizer))
    // Its tensors are counted where those of the runs are.
    defer { attachment.detach() }
    try checkAdapter(of: run)
    try checkStrategy(of: run, attachment)
    try checkTraining(of: run, attachment)
    try checkTasks(of: run, attachment.tasks?.count)
    for text in attachment.notes + [run.method.rateNote].compactMap(\.self) { noteOnce("\(run.method.label): \(text)") }
    let new = (
      MethodFigures(
        trainable: attachment.trainableCount, inference: attachment.inferenceCost,
        stateShape: attachment.stateShape,
        frozenBlockCount: skeleton.frozenBlockCount, schedules: attachment.schedules),
      skeleton.sequenceStart.count, attachment.tasks?.count
    )
    methods[key] = new
    return new
  }

  /// What tells apart what methods cost.
  private func methodKey(of run: PlannedRun) throws -> String {
    let options = JSONValue.object(try run.method.options).compactText
    let start = run.method.initialAdapterJSON?.compactText ?? ""
    let steps = run.training.steps.map { " \($0)" } ?? ""
    let strategy = run.training.strategy.json.compactText
    let optimizer =
      "\(run.training.optimizer.rawValue) \(run.training.momentsPerValue) \(run.training.optimizerState.rawValue)"
    let training = "\(strategy) \(run.trains) \(optimizer)\(steps)"
    return "\(place(of: run.model)) \(run.method.name) \(options) \(start) \(training)"
  }

  /// Refuses a saved adapter to start from that is not the one that the ids were made with.
  ///
  /// - Throws: `FileError` that names the file.
  func checkAdapter(of run: PlannedRun) throws {
    let members = try run.memberFolders
    for folders in members.isEmpty ? run.method.adapterSource.folders.map({ [$0] }) : [members] {
      try sealed(folders).check(folders.flatMap(SealedFiles.adapterFiles))
    }
  }

  /// What identifies the adapter that a run starts from, or those of all members that vote; nil for the method's own start.
  func adapterHash(of run: PlannedRun) throws -> String? {
    let members = try run.memberFolders
    guard members.isEmpty else { return try sealed(members).sha256WithNames }
    return try run.method.adapterSource.contentHash { try sealed([$0]).sha256WithNames }
  }

  private func sealed(_ folders: [String]) throws -> SealedFiles {
    if let known = adapters[folders] { return known }
    let files = try SealedFiles(adapters: folders)
    adapters[folders] = files
    return files
  }
}
