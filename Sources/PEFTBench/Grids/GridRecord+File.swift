import Foundation
import PEFTCore

extension GridRecord {
  /// The folder of the records, inside a results folder.
  package static let folderName = "grids"
  static let schema = "peft-bench.grid/1"

  static func path(of id: String, in results: String) -> String { "\(results)/\(folderName)/\(id).json" }

  /// The record as JSON.
  package var json: JSONValue {
    var json: JSONValue = [
      "schema": JSONValue(Self.schema), "id": JSONValue(id), "kind": JSONValue(kind.rawValue), "recipe": recipe,
      "model": JSONValue(model), "method": JSONValue(method), "seed": JSONValue(seed),
      "tasks": .array(tasks.map(\.json)),
      "candidates": .array(
        candidates.map { candidate in
          [
            "values": .object(JSONObject(distinct: candidate.values.map { ($0.name, JSONValue($0.value)) })),
            "held_out": JSONValue(candidate.heldOut), "mean": JSONValue(candidate.mean),
          ]
        }),
      "chosen": JSONValue(chosen), "mean_retained": JSONValue(meanRetained),
    ]
    if let bytes { json["bytes"] = JSONValue(bytes) }
    if let ratioToFloat16 { json["ratio_to_float16"] = JSONValue(ratioToFloat16) }
    json["seconds"] = JSONValue(seconds)
    return json
  }

  /// Reads what `json` wrote.
  ///
  /// - Returns: nil for anything else.
  package init?(_ json: JSONValue) {
    guard json["schema"]?.text == Self.schema, let kind = json["kind"]?.text.flatMap(Kind.init),
      let tasks = json["tasks"]?.elements, let candidates = json["candidates"]?.elements,
      let chosen = json.number("chosen").flatMap({ Int(exactly: $0) }), let seed = json.number("seed"),
      let seconds = json.number("seconds"), let recipe = json["recipe"]
    else { return nil }
    self.kind = kind
    (id, model, method) = (json.string("id"), json.string("model"), json.string("method"))
    (self.recipe, self.seconds, self.chosen) = (recipe, seconds, chosen)
    guard let seed = Int(exactly: seed) else { return nil }
    self.seed = seed
    self.tasks = tasks.compactMap(Task.init)
    self.candidates = candidates.compactMap(Candidate.init)
    guard self.tasks.count == tasks.count, self.candidates.count == candidates.count, !self.tasks.isEmpty,
      self.candidates.indices.contains(chosen)
    else { return nil }
    bytes = json.number("bytes").flatMap { Int(exactly: $0) }
    ratioToFloat16 = json.number("ratio_to_float16")
  }

  /// The records in a results folder, by their names; files that hold none are left out.
  package static func all(in results: String) -> [GridRecord] {
    let folder = "\(results)/\(folderName)"
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    return names.filter { $0.hasSuffix(".json") }.compactMap { name in
      read("\(folder)/\(name)").flatMap { "\($0.id).json" == name ? $0 : nil }
    }
  }

  /// The record in a file; nil where there is none.
  static func read(_ path: String) -> GridRecord? {
    guard FileManager.default.fileExists(atPath: path), let value = try? JSONParser.parse(file: path).value else {
      return nil
    }
    return GridRecord(JSONValue(value))
  }
}

extension GridRecord.Task {
  fileprivate var json: JSONValue {
    [
      "name": JSONValue(name), "dataset": JSONValue(dataset), "run": JSONValue(run), "primary": JSONValue(primary),
      "held_out_rows": JSONValue(heldOutRows), "evaluation_rows": JSONValue(evaluationRows),
      "own_held_out": JSONValue(ownHeldOut), "own": own.json, "chosen": chosen.json, "retained": JSONValue(retained),
    ]
  }

  fileprivate init?(_ json: JSONValue) {
    guard let own = json["own"].flatMap(GridScore.init), let chosen = json["chosen"].flatMap(GridScore.init),
      let heldOut = json.number("held_out_rows").flatMap({ Int(exactly: $0) }),
      let evaluation = json.number("evaluation_rows").flatMap({ Int(exactly: $0) })
    else { return nil }
    self.init(
      name: json.string("name"), dataset: json.string("dataset"), run: json.string("run"),
      primary: json.string("primary"), heldOutRows: heldOut, evaluationRows: evaluation,
      ownHeldOut: json.number("own_held_out"), own: own, chosen: chosen)
  }
}

extension GridRecord.Candidate {
  fileprivate init?(_ json: JSONValue) {
    guard case .object(let values)? = json["values"], let heldOut = json["held_out"]?.elements else { return nil }
    self.init(
      values: values.members.compactMap { name, value in value.number.map { GridValue(name: name, value: $0) } },
      heldOut: heldOut.compactMap(\.number))
  }
}

extension GridScore {
  fileprivate var json: JSONValue {
    [
      "value": JSONValue(value),
      "interval": interval.map { [JSONValue($0.lowerBound), JSONValue($0.upperBound)] } ?? .null,
    ]
  }

  fileprivate init?(_ json: JSONValue) {
    guard let value = json.number("value") else { return nil }
    let ends = json["interval"]?.elements?.compactMap(\.number) ?? []
    self.init(value: value, interval: ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : nil)
  }
}
