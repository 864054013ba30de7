import PEFTBench
import PEFTCore

extension DataCommand {
  /// The table of `data status --baselines`.
  static func printBaselines(
    _ place: DataPlace, _ arguments: ParsedArguments, _ console: Console
  ) throws -> ExitStatus {
    var table = TextTable([
      .init(title: "dataset"), .init(title: "labels", isNumber: true), .init(title: "majority", isNumber: true),
      .init(title: "bag of words", isNumber: true), .init(title: "trained on", isNumber: true),
      .init(title: "scored on", isNumber: true),
    ])
    var json: [JSONValue] = []
    var missing: [DatasetNotFound] = []
    for dataset in place.datasets where !dataset.labels.isEmpty {
      let baselines: SurfaceBaselines?
      do {
        let training = try place.loader.load(dataset, .training, .first(SurfaceBaselines.maximumTraining))
        let evaluation = try place.loader.load(
          dataset, .evaluation, .first(SurfaceBaselines.maximumEvaluation))
        baselines = SurfaceBaselines(training: training.examples, evaluation: evaluation.examples)
      } catch let error as DatasetNotFound {
        missing.append(error)
        continue
      }
      table.add([
        dataset.id, "\(dataset.labels.count)", Format.percent(baselines?.majority),
        Format.percent(baselines?.bagOfWords), Format.count(baselines.map { Double($0.trainingCount) }),
        Format.count(baselines.map { Double($0.evaluationCount) }),
      ])
      json.append([
        "dataset": JSONValue(dataset.id), "suite": JSONValue(place.loader.locator.suite.rawValue),
        "labels": JSONValue(dataset.labels), "majority": JSONValue(baselines?.majority),
        "bag_of_words": JSONValue(baselines?.bagOfWords), "training_rows": JSONValue(baselines?.trainingCount),
        "evaluation_rows": JSONValue(baselines?.evaluationCount),
      ])
    }
    if arguments.flag("json") {
      console.print(json: .array(json))
    } else {
      console.print(
        "\(place.loader.locator.suite.title) · accuracy in percent · \(place.loader.locator.root ?? "")")
      table.print(to: console)
    }
    if missing.count <= 3 {
      for error in missing { console.warning(error.description) }
    } else {
      console.warning("\(missing.count) datasets are missing: \(missing.map(\.dataset).joined(separator: " "))")
    }
    return .done
  }
}
