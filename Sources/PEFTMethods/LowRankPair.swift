import PEFTCore

/// The two thin matrices of one map.
struct LowRankPair {
  /// `[rank, inputs]`.
  let a: Parameter
  /// `[outputs, rank]`.
  let b: Parameter
  /// Which of them are trained.
  var trained = Trained.both

  /// Which matrices of a pair are trained; the other one stays what it starts from.
  enum Trained: Sendable { case both, onlyA, onlyB }

  /// What is trained, A first.
  var trainedParameters: [Parameter] {
    switch trained {
    case .both: [a, b]
    case .onlyA: [a]
    case .onlyB: [b]
    }
  }

  /// What is not trained but saved.
  var frozenParameters: [Parameter] {
    switch trained {
    case .both: []
    case .onlyA: [b]
    case .onlyB: [a]
    }
  }

  /// Both matrices on a tape, the frozen one as a constant.
  func variables(on tape: Tape) -> (a: Variable, b: Variable) {
    (
      trained == .onlyB ? Variable(constant: a.value) : tape.variable(for: a),
      trained == .onlyA ? Variable(constant: b.value) : tape.variable(for: b)
    )
  }

  var rank: Int { a.shape[0] }

  /// Starts at a product of zero.
  init(_ linear: Linear, rank: Int, start: LoRAStart = .zero, setting: AttachmentSetting) {
    let stream = setting.seeds.child(LoRA.name).child(linear.site)
    let (inputs, outputs) = (linear.inputs, linear.outputs)
    let zeros = { [Float](repeating: 0, count: rank * outputs) }
    switch start {
    case .gaussian:
      self.init(
        linear, rank: rank, setting: setting,
        a: { stream.normals(rank * inputs, standardDeviation: 1 / Float(rank)) }, b: zeros)
    case .orthogonal:
      let half = OrthogonalHalves(rank: rank, stream: stream)
      self.init(
        linear, rank: rank, setting: setting, a: { half.matrix(columns: inputs, part: 0) },
        b: { half.matrix(columns: outputs, part: 1).transposed(rows: rank) })
    default:
      let bound = 1 / Float(inputs).squareRoot()
      self.init(
        linear, rank: rank, setting: setting, a: { stream.uniforms(rank * inputs, in: -bound...bound) }, b: zeros)
    }
  }

  /// Starts at given values.
  init(
    _ linear: Linear, rank: Int, setting: AttachmentSetting, a: @escaping () -> [Float], b: @escaping () -> [Float]
  ) {
    let pool = setting.context.pool
    self.a = Parameter("\(linear.site).lora_A.weight", shape: [rank, linear.inputs], in: pool, initialize: a)
    self.b = Parameter("\(linear.site).lora_B.weight", shape: [linear.outputs, rank], in: pool, initialize: b)
  }

  /// A bias of the update, at zero.
  func bias(of linear: Linear, _ setting: AttachmentSetting) -> Parameter {
    let count = linear.outputs
    return Parameter("\(linear.site).lora_B.bias", shape: [count], in: setting.context.pool) {
      [Float](repeating: 0, count: count)
    }
  }

  /// Adds `scale · B·A` to a weight.
  func add(times scale: Float, to weight: inout [Float], workers: Workers) {
    Self.add(a.value.values, b.value.values, rank: rank, times: scale, to: &weight, workers: workers)
  }

  /// Adds `scale · B·A` to a weight `[outputs, inputs]`.
  static func add(
    _ a: [Float], _ b: [Float], rank: Int, times scale: Float, to weight: inout [Float], workers: Workers
  ) {
    let (inputs, outputs) = (a.count / rank, b.count / rank)
    let scaled = b.map { scale * $0 }
    weight.withUnsafeMutableBufferPointer { weight in
      a.withUnsafeBufferPointer { a in
        scaled.withUnsafeBufferPointer { b in
          guard let weight = weight.baseAddress, let a = a.baseAddress, let b = b.baseAddress else { return }
          MatrixMultiply.multiply(
            m: outputs, n: inputs, k: rank, a: b, aStride: rank, b: a, bStride: inputs, c: weight, cStride: inputs,
            accumulate: true, workers: workers)
        }
      }
    }
  }
}

/// Two random matrices whose rows mix two orthogonal halves of an orthonormal basis, so that BᵀA of them is zero.
///
/// Source: PEFT's `orthogonal` start; standard normal mixtures over ten.
private struct OrthogonalHalves {
  let rank: Int
  let stream: SeedStream

  /// `[rank, columns]`: Qᵀ·Z / 10 with the even (part 0) or odd (part 1) rows Q of the basis and Z normal.
  func matrix(columns: Int, part: Int) -> [Float] {
    var basis = stream.child("basis").normals(rank * rank, standardDeviation: 1).map(Double.init)
    PrincipalComponents.orthonormalize(&basis, rows: rank, columns: rank)
    let half = rank / 2
    let mixture = stream.child("mixture").child(part).normals(half * columns, standardDeviation: 1)
    var result = [Float](repeating: 0, count: rank * columns)
    for row in 0..<rank {
      for column in 0..<columns {
        let sum = (0..<half).reduce(0.0) {
          $0 + basis[(2 * $1 + part) * rank + row] * Double(mixture[$1 * columns + column])
        }
        result[row * columns + column] = Float(sum / 10)
      }
    }
    return result
  }
}
