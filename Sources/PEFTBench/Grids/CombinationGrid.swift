import PEFTCore
import PEFTMethods

/// A combination of the adapters of several tasks whose numbers go through a grid.
///
/// In the expression `a`, `b`, `c` … stand for the tasks of a pair or a larger set; every other name is a number.
package struct CombinationGrid: Sendable {
  /// The names of tasks.
  package static let taskNames = ["a", "b", "c", "d", "e", "f", "g", "h"]
  /// What Task Prompt Vectors adds.
  package static let usualExpression = "origin + l*(a + b)"
  /// Most adapters of one grid.
  static let mostCandidates = 100_000

  /// What a config would say of the combination, adapters and values aside.
  let members: JSONValue
  /// The numbers with their values.
  package let axes: [GridAxis]
  /// How many tasks are combined.
  package let taskCount: Int
  /// Whether what it makes depends on what the adapters started from.
  let readsOrigins: Bool

  /// Reads a combination.
  ///
  /// - Parameters:
  ///   - members: What a config would say of it, adapters and values aside: `combine`, `convention` …
  ///   - given: The numbers whose values are given.
  ///   - step: The step from 0 to 1 of all others.
  /// - Throws: `DocumentError` for an expression that is not understood, names no task, or leaves one out.
  package init(_ members: JSONValue, axes given: [GridAxis], step: Double) throws(DocumentError) {
    let text = members["combine"]?.text ?? ""
    func error(_ message: String) -> DocumentError {
      DocumentError(message, at: 0, of: DocumentText(name: "the grid", bytes: [], isArgument: true))
    }
    let names = Self.names(in: text)
    let tasks = Self.taskNames.filter(names.contains)
    guard !tasks.isEmpty, tasks == Array(Self.taskNames.prefix(tasks.count)) else {
      throw error("expected an expression over the tasks a, b, c …, such as \(Self.usualExpression), found \(text)")
    }
    if let unknown = given.first(where: { !names.contains($0.name) || tasks.contains($0.name) }) {
      throw error("\(unknown.name) is no number of \(text)")
    }
    guard let usual = GridAxis.steps(from: 0, to: 1, by: step) else { throw error("the step \(step) leads nowhere") }
    axes = names.filter { !tasks.contains($0) }.map { name in
      given.first { $0.name == name } ?? GridAxis(name, values: usual)
    }
    guard axes.reduce(1.0, { $0 * Double($1.values.count) }) <= Double(Self.mostCandidates) else {
      throw error("the numbers have more than \(Self.mostCandidates) combinations")
    }
    self.members = members
    taskCount = tasks.count
    // Whatever is wrong with it is found before anything is loaded.
    let first = try Self.recipe(members, adapters: tasks, values: GridAxis.combinations(of: axes)[0])
    if let complaint = first.vectorComplaint { throw error("\(text) \(complaint)") }
    readsOrigins = first.readsOrigins
  }

  /// The recipe at one place of the grid.
  ///
  /// - Parameters:
  ///   - folders: The adapters of the tasks.
  ///   - values: The numbers.
  func recipe(adapters folders: [String], values: [GridValue]) throws(DocumentError) -> CombinationRecipe {
    try Self.recipe(members, adapters: folders, values: values)
  }

  private static func recipe(
    _ members: JSONValue, adapters folders: [String], values: [GridValue]
  ) throws(DocumentError) -> CombinationRecipe {
    var json = members
    json["adapters"] = .object(JSONObject(distinct: zip(taskNames, folders).map { ($0, JSONValue($1)) }))
    if !values.isEmpty {
      json["values"] = .object(JSONObject(distinct: values.map { ($0.name, JSONValue($0.value)) }))
    }
    let text = DocumentText(name: "the grid", bytes: [], isArgument: true)
    var reader = try OptionReader(value: DocumentValue(json: json, at: 0), text: text, what: "the combination")
    let recipe = try CombinationRecipe(reading: &reader)
    try reader.finish()
    return recipe
  }

  /// The names in an expression, each once, in their order; not `origin`.
  private static func names(in text: String) -> [String] {
    var names: [String] = []
    for (name, isName) in AdapterExpression.pieces(of: text)
    where isName && name != "origin" && !names.contains(name) {
      names.append(name)
    }
    return names
  }
}
