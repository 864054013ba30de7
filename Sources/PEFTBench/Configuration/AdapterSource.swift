import PEFTMethods

/// Where the values of an adapter come from before any training.
enum AdapterSource: Sendable, Equatable {
  /// The method's own start, drawn by the run's seed.
  case fresh
  /// An adapter that was saved in this folder.
  case saved(String)

  /// Puts the values into a method that was just attached, which has its own start.
  ///
  /// - Throws: An `InputError` for a saved adapter that cannot be read or does not fit.
  func fill(_ attachment: AttachedMethod) throws {
    switch self {
    case .fresh: break
    case .saved(let folder): try AdapterFile.open(folder).load(into: attachment)
    }
  }
}
