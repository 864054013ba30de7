import PEFTBench
import PEFTCore

extension ReportedRun {
  /// The options of the method, the training and the evaluation, each with its name.
  var flatSettings: [(key: String, value: JSONValue)] { Self.flat(settings) }

  /// The same as the run was trained, with what its strategy replaced.
  var flatSettingsInUse: [(key: String, value: JSONValue)] {
    var settings = settings
    settings["training"] = trainingInUse
    return Self.flat(settings)
  }

  /// The settings of the training with what the strategy replaced.
  var trainingInUse: JSONValue? {
    guard var training = settings["training"], case .object(let replaced)? = strategy?.training else {
      return settings["training"]
    }
    for (key, value) in replaced.members { training[key] = value }
    return training
  }

  private static func flat(_ settings: JSONValue) -> [(key: String, value: JSONValue)] {
    ["options", "training", "evaluation"].flatMap { part -> [(key: String, value: JSONValue)] in
      guard case .object(let object)? = settings[part] else { return [] }
      return object.members.map { ($0.key, $0.value) }
    }
  }
}

/// What the methods of a suite were set to, as far as it varies: the axes of a grid.
struct MethodSettings {
  /// The name under which the number of training rows stands beside the options.
  static let trainingRows = "train_rows"

  /// By method, then by name.
  private let values: [[String: JSONValue]]
  /// The names in the order in which records have them.
  private let names: [String]

  init(_ suite: SuiteResults) {
    var names: [String] = []
    var known: Set<String> = []
    values = suite.methods.indices.map { method in
      guard let run = suite.cells[method].first(where: { !$0.runs.isEmpty })?.runs.first else { return [:] }
      var own = run.flatSettings
      if let count = run.rows.trainingCount { own.append((Self.trainingRows, JSONValue(count))) }
      for (key, _) in own where known.insert(key).inserted { names.append(key) }
      return Dictionary(own.map { ($0.key, $0.value) }) { first, _ in first }
    }
    self.names = names
  }

  /// The value of a method; nil where it has none of that name.
  subscript(method: Int, name: String) -> JSONValue? { values[method][name] }

  /// The names that differ between some of these methods.
  func varying(_ methods: [Int]) -> [String] {
    names.filter { name in Set(methods.map { values[$0][name]?.compactText ?? "" }).count > 1 }
  }
}
