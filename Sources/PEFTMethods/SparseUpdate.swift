import PEFTCore

/// An update of some entries of a map's weight, all others frozen: what SHiRA and Super-Tuning train.
///
///     y[t, row_k] += v_k · x[t, column_k]      v: [count], from zero
///
/// Its cost grows with the entries and not with the weight, forward and backward. Where the entries are is chosen once, at
/// first use, since the weight may not be loaded before, and is replaced by a saved choice.
final class SparseUpdate: AdditiveLinearAdapter {
  /// v.
  let values: Parameter
  /// Width of the map's output.
  let outputs: Int
  private let inputs: Int
  private let choose: () -> [Int32]
  private var chosen: SparsePositions?

  /// - Parameters:
  ///   - linear: The map.
  ///   - name: The parameter's name.
  ///   - count: Number of entries, at most as many as the weight has.
  ///   - setting: Memory.
  ///   - choose: Chooses the entries: `row · inputs + column` of each.
  init(_ linear: Linear, _ name: String, count: Int, setting: AttachmentSetting, choose: @escaping () -> [Int32]) {
    (outputs, inputs) = (linear.outputs, linear.inputs)
    // Any entries do where values mean nothing.
    self.choose = setting.context.isShapeOnly ? { Array(0..<Int32(count)) } : choose
    values = Parameter(name, shape: [count], in: setting.context.pool) { [Float](repeating: 0, count: count) }
  }

  var parameters: [Parameter] { [values] }

  /// Where the entries are.
  private var positions: SparsePositions {
    if let chosen { return chosen }
    let positions = self.positions(of: choose())
    chosen = positions
    return positions
  }

  private func positions(of entries: [Int32]) -> SparsePositions {
    let width = Int32(inputs)
    return SparsePositions(
      rows: entries.map { $0 / width }, columns: entries.map { $0 % width }, height: outputs, width: inputs)
  }

  func add(to y: Variable, x: Variable, on tape: Tape) -> Variable {
    tape.addSparse(to: y, x: x, values: tape.variable(for: values), at: positions)
  }

  func merge(intoWeight weight: inout [Float]) -> Bool {
    let (values, positions) = (values.value.values, positions)
    for index in values.indices {
      weight[Int(positions.rows[index]) * inputs + Int(positions.columns[index])] += values[index]
    }
    return true
  }

  // MARK: - In a file

  /// The entries as `row · inputs + column` of each: `[count]`.
  func entries(key: String) -> AdapterTensor {
    AdapterTensor(
      key: key, shape: [values.elementCount],
      integers: AdapterIntegers(
        values: { [self] in zip(positions.rows, positions.columns).map { $0 * Int32(inputs) + $1 } },
        problem: { [self] in problem(entries: $0) }, assign: { [self] in chosen = positions(of: $0) }))
  }

  /// The entries as all rows, then all columns: `[2, count]`.
  func rowsAndColumns(key: String) -> AdapterTensor {
    let count = values.elementCount
    return AdapterTensor(
      key: key, shape: [2, count],
      integers: AdapterIntegers(
        values: { [self] in positions.rows + positions.columns },
        problem: { [self] saved in
          let pairs = zip(saved[..<count], saved[count...])
          if let (row, column) = pairs.first(where: { row, column in
            row < 0 || row >= Int32(outputs) || column < 0 || column >= Int32(inputs)
          }) {
            return "names row \(row), column \(column) of a weight that is \(outputs) × \(inputs)"
          }
          return problem(entries: pairs.map { $0 * Int32(inputs) + $1 })
        },
        assign: { [self] saved in
          chosen = SparsePositions(
            rows: Array(saved[..<count]), columns: Array(saved[count...]), height: outputs, width: inputs)
        }))
  }

  private func problem(entries: [Int32]) -> String? {
    if let outside = entries.first(where: { $0 < 0 || Int($0) >= outputs * inputs }) {
      return "names entry \(outside) of a weight of \(outputs * inputs)"
    }
    return Set(entries).count < entries.count ? "names an entry twice" : nil
  }
}
