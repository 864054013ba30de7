/// A place for a weight in a model's architecture.
public enum WeightPlace: Sendable, Equatable {
  /// The matrix of a site, `[outputs, inputs]`, stored as `<site>.weight`.
  case matrix(site: String, outputs: Int, inputs: Int)
  /// A vector under its full name.
  case vector(name: String, count: Int)

  /// The name of the tensor, as Hugging Face calls it.
  public var name: String {
    switch self {
    case .matrix(let site, _, _): site + ".weight"
    case .vector(let name, _): name
    }
  }
}
