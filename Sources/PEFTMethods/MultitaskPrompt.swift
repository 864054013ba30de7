import PEFTCore

/// A prompt that tasks share, and what each makes of it.
final class MultitaskPrompt: SoftPrompt {
  private let shared: Parameter
  private let columns: Parameter
  private let rows: Parameter
  /// The task whose prompt is read, from 0.
  var task = 0

  /// - Parameters:
  ///   - shared: `[tokens, hidden]`.
  ///   - columns: `[tasks, tokens, rank]`.
  ///   - rows: `[tasks, rank, hidden]`.
  init(shared: Parameter, columns: Parameter, rows: Parameter) {
    (self.shared, self.columns, self.rows) = (shared, columns, rows)
  }

  var parameters: [Parameter] { [shared, columns, rows] }
  var count: Int { shared.shape[0] }

  func embeddings(on tape: Tape) -> Variable {
    func matrix(_ parameter: Parameter) -> Variable {
      let (height, width) = (parameter.shape[1], parameter.shape[2])
      let all = tape.reshape(tape.variable(for: parameter), to: [parameter.shape[0] * height, width])
      return tape.rows((task * height)..<((task + 1) * height), of: all)
    }
    return tape.hadamard(tape.variable(for: shared), tape.product(matrix(columns), matrix(rows)))
  }
}
