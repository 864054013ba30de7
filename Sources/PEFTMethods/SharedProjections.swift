import PEFTCore

/// The two frozen random projections that VeRA's maps share: A reads, B writes.
///
/// Both are as wide as the widest of the maps, and each map takes its first columns of A and its first rows of B. They are
/// PyTorch's draws for a seed, so that an adapter whose file leaves them out is read as PEFT reads it; those of a file that has
/// them take their place. Nothing is drawn before it is needed.
final class SharedProjections {
  /// A's rows, B's columns, and the widths of both.
  private let shape: (read: Int, written: Int, inputs: Int, outputs: Int)
  private let seed: Int
  private let pool: MemoryPool
  private var made: (a: [Float], b: [Float])?
  private var slices: [String: Tensor] = [:]

  /// Describes projections for some maps.
  ///
  /// - Parameters:
  ///   - read: Rows of A.
  ///   - written: Columns of B.
  ///   - seed: Of PyTorch's generator.
  init(for maps: [Linear], read: Int, written: Int, seed: Int, in pool: MemoryPool) {
    shape = (read, written, maps.map(\.inputs).max() ?? 0, maps.map(\.outputs).max() ?? 0)
    self.seed = seed
    self.pool = pool
  }

  /// A `[read, inputs]` for maps of this width.
  func reading(_ inputs: Int) -> Variable {
    slice("a \(inputs)", shape: [shape.read, inputs]) { elements in
      (0..<self.shape.read).flatMap { row in elements.a[row * self.shape.inputs..<row * self.shape.inputs + inputs] }
    }
  }

  /// B `[outputs, written]` for maps of this width.
  func writing(_ outputs: Int) -> Variable {
    slice("b \(outputs)", shape: [outputs, shape.written]) { Array($0.b.prefix(outputs * self.shape.written)) }
  }

  /// What a file has of them.
  ///
  /// - Parameter prefix: What PEFT's keys begin with, `vera` or `pvera`.
  func tensors(_ prefix: String) -> [AdapterTensor] {
    let keys = Self.keys(prefix)
    return [
      AdapterTensor(
        key: keys[0], shape: [shape.read, shape.inputs], values: { self.elements.a },
        assign: { self.replace(a: $0, b: self.elements.b) }),
      AdapterTensor(
        key: keys[1], shape: [shape.outputs, shape.written], values: { self.elements.b },
        assign: { self.replace(a: self.elements.a, b: $0) }),
    ]
  }

  /// PEFT's keys of A and B.
  static func keys(_ prefix: String) -> [String] { ["base_model.\(prefix)_A", "base_model.\(prefix)_B"] }

  private func replace(a: [Float], b: [Float]) {
    made = (a, b)
    slices = [:]
  }

  private func slice(_ name: String, shape: [Int], _ elements: ((a: [Float], b: [Float])) -> [Float]) -> Variable {
    if let known = slices[name] { return Variable(constant: known) }
    let slice = Tensor(elements(self.elements), shape: shape, in: pool, as: .adapter)
    slices[name] = slice
    return Variable(constant: slice)
  }

  private var elements: (a: [Float], b: [Float]) {
    if let made { return made }
    let drawn = Self.drawn(a: [shape.read, shape.inputs], b: [shape.outputs, shape.written], seed: seed)
    made = drawn
    return drawn
  }

  /// What a seed draws.
  ///
  /// - Parameters:
  ///   - a: Rows and columns of A.
  ///   - b: Those of B.
  ///   - seed: Of PyTorch's generator.
  static func drawn(a: [Int], b: [Int], seed: Int) -> (a: [Float], b: [Float]) {
    var generator = TorchGenerator(seed: UInt64(bitPattern: Int64(seed)))
    /// Kaiming's bound for a rectifier, as PEFT computes it: √3 · √2 / √fan-in.
    func draw(_ rows: Int, _ columns: Int) -> [Float] {
      let bound = Float((3.0).squareRoot() * ((2.0).squareRoot() / Double(columns).squareRoot()))
      return generator.uniforms(rows * columns, in: -bound...bound)
    }
    let first = draw(a[0], a[1])
    return (first, draw(b[0], b[1]))
  }
}
