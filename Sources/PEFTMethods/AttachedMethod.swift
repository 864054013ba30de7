public import PEFTCore

/// What one attach did to a model, and how to save, load and undo it.
public final class AttachedMethod {
  /// The trainable parameters, in a fixed order.
  public let parameters: [Parameter]
  /// What the method costs at inference in the form in which it is deployed.
  public private(set) var inferenceCost: InferenceCost
  /// How the adapter is saved; nil where there is none to save (full fine-tuning, no method).
  public let format: AdapterFormat?
  /// What is allowed but should be known, a sentence each.
  public let notes: [String]
  /// What the method does while it is trained, beside its forward pass: a schedule of ranks, a projection of gradients, a
  /// penalty.
  public let participants: [any TrainingParticipant]
  /// How it is told which task's rows come next; nil for a method that treats all rows alike.
  public let tasks: TaskChoice?
  /// What looking at training rows took before the first step; nil where none were looked at.
  public let startCost: StartCost?
  /// Parameters that are updated in a projected space, each group of them with its own.
  let projections: [(parameters: [Parameter], galore: GaLore)]

  private var undos: [() -> Void]
  private var isAttached = true

  /// Creates the record of an attach.
  ///
  /// - Parameters:
  ///   - parameters: The trainable parameters, in a fixed order.
  ///   - inferenceCost: What the method costs at inference in the form in which it is deployed.
  ///   - format: How the adapter is saved, if it is.
  ///   - notes: What is allowed but should be known.
  ///   - participants: What the method does while it is trained, beside its forward pass.
  ///   - tasks: How it is told which task's rows come next, if that matters to it.
  ///   - startCost: What looking at training rows took, if it did.
  ///   - undo: What detaching has to do besides undoing the placements, if anything.
  public convenience init(
    parameters: [Parameter], inferenceCost: InferenceCost, format: AdapterFormat?, notes: [String] = [],
    participants: [any TrainingParticipant] = [], tasks: TaskChoice? = nil, startCost: StartCost? = nil,
    undo: (() -> Void)? = nil
  ) {
    self.init(
      parameters: parameters, inferenceCost: inferenceCost, format: format, notes: notes, participants: participants,
      tasks: tasks, startCost: startCost, projections: [], undo: undo)
  }

  /// Creates the record of an attach some of whose parameters are updated in a projected space.
  init(
    parameters: [Parameter], inferenceCost: InferenceCost, format: AdapterFormat?, notes: [String] = [],
    participants: [any TrainingParticipant] = [], tasks: TaskChoice? = nil, startCost: StartCost? = nil,
    projections: [(parameters: [Parameter], galore: GaLore)], undo: (() -> Void)? = nil
  ) {
    self.parameters = parameters
    self.inferenceCost = inferenceCost
    self.format = format
    self.notes = notes
    self.participants = participants
    self.tasks = tasks
    self.startCost = startCost
    self.projections = projections
    undos = undo.map { [$0] } ?? []
  }

  /// Number of trainable values.
  public var trainableCount: Int { parameters.reduce(0) { $0 + $1.elementCount } }

  /// The groups in which an optimizer updates the parameters; nil where the rule cannot be followed in the space that some
  /// of them are updated in.
  public func groups(under rule: Optimizer.Rule) -> [ParameterGroup]? {
    var groups = [ParameterGroup(parameters.filter { !isProjected($0) })]
    for projection in projections {
      guard let projected = rule.projected(by: projection.galore) else { return nil }
      groups.append(ParameterGroup(projection.parameters, rule: projected))
    }
    return groups.filter { !$0.parameters.isEmpty }
  }

  /// What an optimizer's state depends on.
  public var stateShape: OptimizerStateShape {
    OptimizerStateShape(
      valueCounts: parameters.filter { !isProjected($0) }.map(\.elementCount),
      projected: projections.flatMap { projection in
        projection.parameters.map { (projection.galore, $0.shape[0], $0.shape[1]) }
      })
  }

  private func isProjected(_ parameter: Parameter) -> Bool {
    projections.contains { $0.parameters.contains { $0 === parameter } }
  }

  /// Takes the method off the model, whose output is then what it was before, bit for bit.
  public func detach() {
    guard isAttached else { return }
    isAttached = false
    for undo in undos { undo() }
  }

  /// Takes placements back when it is detached, and counts what they cost where they cannot be merged.
  func owns(_ placements: Placements) {
    undos.append { placements.undo() }
    inferenceCost.operationsPerToken += 2 * placements.unmergedMultiplyAdds
  }
}
