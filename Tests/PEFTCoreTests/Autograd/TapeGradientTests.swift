import PEFTTestSupport
import Testing

@testable import PEFTCore

/// Every operation of the tape against central finite differences of its own forward pass.
@Suite("Gradients of the tape's operations") struct TapeGradientTests {
  static let context = ComputeContext(threads: 2)

  typealias Case = GradientCase

  static func copy(_ x: Variable, _ tape: Tape) -> Variable { GradientCase.copy(x, tape) }

  static var forest: TokenForest {
    var forest = TokenForest()
    let root = forest.add(.tokens([1, 2, 3]), under: nil)
    let middle = forest.add(.tokens([4, 5]), under: root)
    forest.add(.tokens([6, 7]), under: middle)
    forest.add(.tokens([8, 9, 1]), under: root)
    return forest
  }

  static var prefixForest: TokenForest {
    var forest = TokenForest()
    let prefix = forest.add(.prefix(count: 2), under: nil)
    forest.add(.tokens([1, 2, 3]), under: prefix)
    forest.add(.tokens([4, 5]), under: prefix)
    return forest
  }

  static func attention(window: Int? = nil, softCap: Float? = nil) -> Case {
    let shape = AttentionShape(
      heads: 4, keyValueHeads: 2, headDimension: 8, scale: 0.4, window: window, softCap: softCap)
    return Case(
      name: "attention, window \(window ?? 0), cap \(softCap ?? 0)", shapes: [[10, 32], [10, 16], [10, 16]]
    ) { inputs, tape in
      tape.attention(
        queries: inputs[0], keys: inputs[1], values: inputs[2], prefix: nil, forest: forest, layer: 0, shape: shape)
    }
  }

  static let cases: [Case] = [
    Case(name: "linear with a trained weight", shapes: [[5, 6], [7, 6]]) { $1.linear($0[0], weight: $0[1]) },
    Case(name: "linear with a frozen weight", shapes: [[5, 6]]) { inputs, tape in
      let values = SeedStream(3).normals(42, standardDeviation: 0.5)
      guard let weight = try? WeightMatrix(values: values, outputs: 7, inputs: 6, context: context) else {
        return inputs[0]
      }
      return tape.linear(inputs[0], weight)
    },
    Case(name: "added bias", shapes: [[5, 6], [6]]) { $1.addBias($0[1], to: copy($0[0], $1)) },
    Case(name: "scaled columns", shapes: [[5, 6], [6]]) { $1.scaleColumns($0[0], by: $0[1]) },
    Case(name: "low-rank update", shapes: [[5, 7], [5, 6], [3, 6], [7, 3]]) { inputs, tape in
      tape.addLowRank(
        to: copy(inputs[0], tape), x: inputs[1], a: inputs[2], b: inputs[3], scale: 1.5, dropout: 0, purpose: "x")
    },
    Case(name: "low-rank update with dropout", shapes: [[5, 7], [5, 8], [3, 8], [7, 3]]) { inputs, tape in
      tape.addLowRank(
        to: copy(inputs[0], tape), x: inputs[1], a: inputs[2], b: inputs[3], scale: 1.5, dropout: 0.4, purpose: "x")
    },
    Case(name: "residual sum", shapes: [[5, 6], [5, 6]]) { $1.add($0[0], inPlaceTo: copy($0[1], $1)) },
    Case(name: "sum of one value with itself", shapes: [[5, 6]]) { $1.add($0[0], inPlaceTo: copy($0[0], $1)) },
    Case(name: "scale", shapes: [[5, 6]]) { $1.scale(copy($0[0], $1), by: -2.5) },
    Case(name: "dropout", shapes: [[5, 8]]) { $1.dropout($0[0], probability: 0.3, purpose: "d") },
    Case(name: "SwiGLU", shapes: [[5, 6], [5, 6]]) { $1.gated($0[0], $0[1], .silu) },
    Case(name: "GeGLU", shapes: [[5, 6], [5, 6]]) { $1.gated($0[0], $0[1], .geluTanh) },
    Case(name: "GELU", shapes: [[5, 6]]) { $1.apply(.gelu, to: $0[0]) },
    Case(name: "tanh", shapes: [[5, 6]]) { $1.apply(.tanh, to: $0[0]) },
    Case(name: "soft cap", shapes: [[5, 6]]) { $1.softCap(copy($0[0], $1), cap: 2) },
    Case(name: "RMSNorm", shapes: [[5, 8], [8]]) { inputs, tape in
      tape.normalize(inputs[0], Normalization(centers: false, epsilon: 1e-5), gain: inputs[1], bias: nil)
    },
    Case(name: "RMSNorm by heads with unit offset", shapes: [[5, 8], [4]]) { inputs, tape in
      tape.normalize(
        inputs[0], Normalization(centers: false, epsilon: 1e-5, gainIsOffset: true), gain: inputs[1], bias: nil,
        groups: 2)
    },
    Case(name: "LayerNorm", shapes: [[5, 8], [8], [8]]) { inputs, tape in
      tape.normalize(inputs[0], Normalization(centers: true, epsilon: 1e-5), gain: inputs[1], bias: inputs[2])
    },
    Case(name: "selected rows", shapes: [[5, 6]]) { $1.selectRows([3, 0, 3], of: $0[0]) },
    Case(name: "columns", shapes: [[5, 6]]) { $1.columns(2..<5, of: $0[0]) },
    Case(name: "two runs of columns", shapes: [[5, 6]]) { inputs, tape in
      tape.gated(tape.columns(0..<3, of: inputs[0]), tape.columns(3..<6, of: inputs[0]), .silu)
    },
    Case(name: "reshaped", shapes: [[4, 6]]) { $1.apply(.tanh, to: $1.reshape($0[0], to: [8, 3])) },
    Case(name: "replaced rows", shapes: [[5, 6], [2, 6]]) {
      $1.replaceRows(1..<3, of: copy($0[0], $1), with: $0[1])
    },
    Case(name: "rows replaced from a table", shapes: [[5, 6], [3, 6]]) {
      $1.replaceRows([nil, 2, 0, nil, 2], of: copy($0[0], $1), from: $0[1])
    },
    Case(name: "replaced columns", shapes: [[5, 6], [5, 2]]) {
      $1.replaceColumns([4, 1], of: copy($0[0], $1), with: $0[1])
    },
    Case(name: "columns replaced by those of the same matrix", shapes: [[5, 6]]) {
      $1.replaceColumns([0, 5], of: copy($0[0], $1), with: $1.columns(2..<4, of: $0[0]))
    },
    Case(name: "rotation", shapes: [[5, 16]]) { inputs, tape in
      let rotary = RotaryAngles(RotaryConfiguration(theta: 100, dimension: 6, scaling: .none))
      return tape.rotate(copy(inputs[0], tape), positions: [0, 1, 2, 7, 3], heads: 2, rotary: rotary)
    },
    attention(), attention(window: 3), attention(softCap: 1.5),
    Case(name: "attention after a prefix", shapes: [[5, 16], [5, 8], [5, 8], [2, 8], [2, 8]]) { inputs, tape in
      tape.attention(
        queries: inputs[0], keys: inputs[1], values: inputs[2],
        prefix: PrefixKeyValues(keys: inputs[3], values: inputs[4]), forest: prefixForest, layer: 0,
        shape: AttentionShape(heads: 2, keyValueHeads: 1, headDimension: 8, scale: 0.4, window: nil, softCap: nil))
    },
  ]

  @Test("The gradient equals the slope of the forward pass", arguments: cases)
  func gradient(of operation: Case) { expectGradientEqualsSlope(of: operation, context: Self.context) }

  @Test("A cross-entropy's gradient equals its slope") func crossEntropy() {
    let logits = SeedStream(1).normals(3 * 7, standardDeviation: 1)
    let labels = [(0, 3, 0.5), (1, 6, 0.3), (2, 0, 0.2)].map {
      LabelledPosition(row: $0.0, target: Int32($0.1), weight: Float($0.2))
    }
    func loss(_ values: [Float], recording: Bool) -> (Double, Parameter) {
      let parameter = Parameter("logits", shape: [3, 7], in: Self.context.pool) { values }
      let tape = Tape(context: Self.context, recording: recording)
      let value = tape.crossEntropy(Self.copy(tape.variable(for: parameter), tape), labels: labels)
      tape.runBackward()
      return (value, parameter)
    }
    let gradient = loss(logits, recording: true).1.gradient?.values ?? []
    let slopes = logits.indices.map { index in
      var above = logits
      var below = logits
      above[index] += 1e-2
      below[index] -= 1e-2
      return Float((loss(above, recording: false).0 - loss(below, recording: false).0) / 2e-2)
    }
    expectClose(gradient, slopes, relative: 1e-2, absolute: 1e-3)
  }

  @Test("A frozen path leaves nothing on the tape") func frozen() {
    let tape = Tape(context: Self.context, recording: true)
    let x = Variable(constant: Tensor([1, 2, 3, 4], shape: [2, 2], in: Self.context.pool))
    let y = tape.apply(
      .silu,
      to: tape.scaleColumns(
        x,
        by: x.value.rowCount == 2
          ? Variable(
            constant: Tensor([1, 2], shape: [2], in: Self.context.pool)) : x))
    #expect(!y.isTracked)
  }
}
