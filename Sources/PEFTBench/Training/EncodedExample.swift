/// A prompt and its answer as token ids, the unit of training and evaluation.
public struct EncodedExample: Sendable, Equatable {
  /// The prompt, up to where the model is to answer.
  public let prompt: [Int32]
  /// The answer with the token that ends it; these are the trained tokens.
  public let answer: [Int32]

  /// Creates an example.
  public init(prompt: [Int32], answer: [Int32]) {
    self.prompt = prompt
    self.answer = answer
  }

  /// All tokens.
  var tokens: [Int32] { prompt + answer }
}

extension Collection where Element == [Int32] {
  /// Length of the longest beginning that all have, at most one less than the shortest is long.
  var sharedPrefixCount: Int {
    guard let first else { return 0 }
    var count = Swift.max(0, first.count - 1)
    for other in dropFirst() {
      count = Swift.min(count, other.count - 1)
      var same = 0
      while same < count, other[same] == first[same] { same += 1 }
      count = same
    }
    return Swift.max(0, count)
  }
}
