import Dispatch
import PEFTCore
import PEFTMethods

/// The method that a run attaches to its model, and the members of an ensemble that it can stand for in turn.
///
/// A member is not another model: its values take the place of the parameters. Members that were trained independently
/// also have a beginning of their own, which some methods compute from the weights and keep, so for these the method is
/// attached again with the member's draws.
final class RunAttachment {
  /// Where the values of the members are, the first one's included.
  enum Members {
    /// Of copies of one training: the method stays as it is attached.
    case copies([ParameterSnapshot])
    /// Of independent trainings.
    case trainings([ParameterSnapshot])
    /// In the folders of saved adapters.
    case saved([String])

    var count: Int {
      switch self {
      case .copies(let values), .trainings(let values): values.count
      case .saved(let folders): folders.count
      }
    }
  }

  /// What is attached now.
  private(set) var method: AttachedMethod
  /// The members; nil where one model answers alone.
  private(set) var members: Members?
  /// The values that the first training's start found in training rows, as they are saved; nil where none were looked at.
  let startValues: [AdapterArray]?

  private let planned: PlannedRun
  private let model: LoadedModel
  private let context: ComputeContext
  private let data: PreparedDataset
  /// The training whose draws the method was attached with.
  private var training = 0
  /// What the trainings' starts took, by the training's number.
  private var starts: [Int: MeasuredStart] = [:]

  /// Attaches a run's method, with the values that it starts from.
  ///
  /// - Throws: An `InputError` for options or values that do not fit the model.
  init(_ planned: PlannedRun, to model: LoadedModel, data: PreparedDataset, context: ComputeContext) throws {
    (self.planned, self.model, self.data, self.context) = (planned, model, data, context)
    (method, starts[0]) = try Self.attach(planned, to: model, data: data, context: context, training: 0)
    startValues = planned.trains && method.startCost != nil ? method.format?.savedArrays : nil
    let folders = try planned.memberFolders
    if folders.count > 1 { members = .saved(folders) }
  }

  private static func attach(
    _ planned: PlannedRun, to model: LoadedModel, data: PreparedDataset, context: ComputeContext, training: Int
  ) throws -> (AttachedMethod, MeasuredStart?) {
    // Trainings from one origin all start there.
    let seeds =
      training == 0 || planned.method.training.initialSeed != nil
      ? AdapterOrigin.stream(seed: planned.initialSeed)
      : TrainingSeeds(planned.seeds, member: training).initialization
    // Trainings from one origin also look at the same rows for it.
    let order = planned.method.training.initialSeed != nil ? 0 : training
    let rows = StartRows(data, planned.training, TrainingSeeds(planned.seeds, member: order))
    context.pool.resetPeak()
    let start = DispatchTime.now()
    let method = try planned.method.attach(
      to: model.model,
      with: AttachmentSetting(seeds: seeds, context: context, tokenizer: model.renderer.tokenizer, rows: rows),
      modelHash: model.outline.sha256)
    let measured = method.startCost.map {
      MeasuredStart(cost: $0, seconds: start.secondsUntilNow, peak: context.pool.peak)
    }
    return (method, measured)
  }

  /// What the starts of all trainings took together; nil where none looked at rows.
  var start: MeasuredStart? { MeasuredStart.total(of: starts.sorted { $0.key < $1.key }.map(\.value)) }

  /// Whether all members started from the first one's initial values.
  var sharesOrigin: Bool {
    if case .copies = members { true } else { planned.method.training.initialSeed != nil }
  }

  /// Takes the method off the model.
  func detach() { method.detach() }

  /// Attaches the method afresh with the draws of one of several independent trainings.
  func begin(training: Int) throws {
    method.detach()
    // Full fine-tuning takes the frozen weights away.
    try model.restoreWeights()
    let (attached, start) = try Self.attach(planned, to: model, data: data, context: context, training: training)
    method = attached
    // A member that is asked again starts again, but is trained once.
    starts[training] = starts[training] ?? start
    self.training = training
  }

  /// Keeps the members that the trainings came to.
  func keep(_ members: Members) { if members.count > 1 { self.members = members } }

  /// A snapshot of the present values.
  func snapshot() -> ParameterSnapshot { ParameterSnapshot(of: method.parameters, as: .adapter, context: context) }

  /// Lets the method stand for a member, from 0.
  ///
  /// - Throws: An `InputError` for a saved adapter that does not fit.
  func show(member: Int) throws {
    switch members {
    case nil: break
    case .copies(let values): values[member].assign(to: method.parameters)
    case .trainings(let values):
      if training != member { try begin(training: member) }
      values[member].assign(to: method.parameters)
    case .saved(let folders):
      try begin(training: 0)
      try AdapterFile.open(folders[member]).load(into: method)
    }
  }
}
