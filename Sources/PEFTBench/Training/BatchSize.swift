/// A batch as far as memory is concerned.
struct BatchSize: Equatable {
  /// Tokens, shared beginnings counted once.
  var rows = 0
  /// Labelled positions.
  var labels = 0
}
