/// The names that one export has given, none of them twice.
struct ExportNames {
  private var given: Set<String> = []

  /// A name for the results of a run: the wanted one, or that with the run's id where another run has it.
  mutating func unique(_ name: String, run id: String) -> String {
    if given.insert(name).inserted { return name }
    var other = "\(name)~\(id.prefix(16))"
    while !given.insert(other).inserted { other += "~" }
    return other
  }
}
