import PEFTCore
import PEFTMethods

/// Which runs `--only KEY=VALUE` keeps: several values of one key are alternatives, different keys must all match.
package struct RunFilter: Sendable {
  /// The pairs of key and value, as given.
  package let pairs: [(key: String, value: String)]

  /// Creates a filter; without pairs it keeps everything.
  package init(_ pairs: [(key: String, value: String)] = []) { self.pairs = pairs }

  /// Whether a run is kept.
  package func keeps(_ run: some FilteredRun) -> Bool {
    pairs.allSatisfy { pair in
      let names = run.names(under: pair.key)
      return pairs.contains {
        $0.key == pair.key && Self.spellings(of: $0.value, under: $0.key).contains(where: names.contains)
      }
    }
  }

  /// A value, and the name of the method that it is another spelling of.
  private static func spellings(of value: String, under key: String) -> [String] {
    key == "method" ? [value, MethodRegistry.canonicalName(value)] : [value]
  }

  /// What is wrong with the first value that nothing has; nil if all of them are there.
  ///
  /// - Parameter names: The names under a key.
  package func complaint(names: (_ key: String) -> [String]) -> String? {
    for (key, value) in pairs {
      var seen: Set<String> = []
      let known = names(key).filter { seen.insert($0).inserted }
      func isKnown(_ value: String) -> Bool { Self.spellings(of: value, under: key).contains(where: seen.contains) }
      guard !isKnown(value) else { continue }
      let parts = value.split(separator: ",").map(String.init)
      if parts.count > 1, parts.allSatisfy(isKnown) {
        let options = parts.map { "--only \(key)=\($0)" }.joined(separator: " ")
        return "--only \(key)=\(value): there is no such \(key); several values are several options: \(options)"
      }
      let nearest = NearestName.of(value, among: known).map { "; did you mean \"\($0)\"?" } ?? "."
      let shown = known.prefix(12).joined(separator: ", ") + (known.count > 12 ? ", …" : "")
      return "--only \(key)=\(value): there is no such \(key)\(nearest) Known: \(shown)"
    }
    return nil
  }
}

/// A run that `--only KEY=VALUE` may keep: planned, done, failed or missing.
package protocol FilteredRun {
  /// What it is called under a key: `dataset`, `method`, `seed`, `suite` or `model`.
  func names(under key: String) -> [String]
}
