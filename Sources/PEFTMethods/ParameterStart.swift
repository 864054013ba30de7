import PEFTCore

/// What a parameter starts from, as PyTorch's initializers draw it.
enum ParameterStart {
  case zeros
  /// Uniform in ±1/√fanIn: Kaiming's rule with a = √5, PyTorch's default for linear maps.
  case uniform(fanIn: Int)
  /// Uniform in ± the bound.
  case uniformWithin(Float)
  /// Normal around zero.
  case normal(deviation: Float)

  /// As many values, drawn from a stream of their own.
  func values(_ count: Int, from stream: SeedStream) -> [Float] {
    switch self {
    case .zeros: return [Float](repeating: 0, count: count)
    case .uniform(let fanIn):
      return ParameterStart.uniformWithin(1 / Float(fanIn).squareRoot()).values(count, from: stream)
    case .uniformWithin(let bound): return stream.uniforms(count, in: -bound...bound)
    case .normal(let deviation): return stream.normals(count, standardDeviation: deviation)
    }
  }
}

extension AttachmentSetting {
  /// A parameter of an adapter around a map: named after the map and the key, and drawn apart from all others.
  ///
  /// - Parameters:
  ///   - key: Its key in PEFT's file, such as `hira_A`.
  ///   - linear: The map.
  ///   - shape: Its shape in the file.
  ///   - start: What it starts from.
  ///   - method: The method's name.
  func parameter(
    _ key: String, of linear: Linear, shape: [Int], start: ParameterStart, by method: String
  ) -> Parameter {
    let stream = seeds.child(method).child(linear.site).child(key)
    return Parameter("\(linear.site).\(key)", shape: shape, in: context.pool) {
      start.values(shape.reduce(1, *), from: stream)
    }
  }
}
