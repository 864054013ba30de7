/// What one of a block's two residual branches gives, with the networks that methods attach after it or beside it.
public final class BranchOutput: SitePart {
  /// Where it is: `model.layers.3, after attention`.
  public let site: String
  /// What is attached.
  public let occupancy = Occupancy()

  /// Creates the output of a branch without networks.
  init(site: String) { self.site = site }

  /// Networks alone.
  public func takes(_ occupant: Occupant) -> Bool { if case .branchAdapter = occupant { true } else { false } }

  /// Passes a branch's output through what is attached.
  ///
  /// - Parameters:
  ///   - output: What the branch gives, `[T, hidden]`; may be overwritten.
  ///   - input: What the branch was given, `[T, hidden]`; asked for only if something is attached.
  func callAsFunction(_ output: Variable, branchInput input: @autoclosure () -> Variable, on tape: Tape) -> Variable {
    guard !occupancy.placements.isEmpty else { return output }
    let input = input()
    return occupants.reduce(output) { output, occupant in
      guard case .branchAdapter(let adapter) = occupant else { return output }
      return adapter(output, branchInput: input, on: tape)
    }
  }
}
