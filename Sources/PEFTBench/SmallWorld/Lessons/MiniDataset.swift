import PEFTCore

/// A task of the small world: rows in the columns of a real dataset, and lessons that teach its skill in other words.
package protocol MiniDataset: Sendable {
  /// The dataset's name in the catalogue.
  var name: String { get }

  /// Rows in the Hub's columns, no two alike.
  ///
  /// - Parameters:
  ///   - split: `train` or `validation`; a row tells facts of this split only.
  ///   - count: How many rows; classes are as balanced as the dataset wants them.
  ///   - seed: The seed of the suite.
  func rows(_ split: WorldSplit, count: Int, seed: Int) -> [JSONValue]

  /// A pretraining document that shows the skill, with facts of the pretraining split only.
  ///
  /// It is worded otherwise than the task: neither the catalogue's instruction nor its label words as answers.
  func lesson(_ draws: inout Draws) -> PretrainingDocument

  /// How often lessons of this task are told, beside those of the other tasks.
  var lessonWeight: Int { get }

  /// A document of the later text, which practises what the lessons began (`SmallWorldCorpus.Stage.practice`).
  ///
  /// It keeps to the same rules as a lesson.
  func practice(_ draws: inout Draws) -> PretrainingDocument
}

extension MiniDataset {
  /// As often as most.
  package var lessonWeight: Int { 10 }

  /// The lessons go on.
  package func practice(_ draws: inout Draws) -> PretrainingDocument { lesson(&draws) }

  /// Makes rows one at a time until there are `count` different ones.
  ///
  /// - Parameters:
  ///   - classes: The class wanted of each row; it is handed to `make`.
  ///   - key: What must differ between any two rows; the whole row unless given.
  ///   - make: Makes a row of a class, or nil where the draw led nowhere.
  package func uniqueRows<Class>(
    _ split: WorldSplit, seed: Int, classes: [Class], key: (JSONValue) -> String = \.compactText,
    make: (Class, inout Draws) -> JSONValue?
  ) -> [JSONValue] {
    let stream = SeedStream(seed).child("small-world").child(name).child(split.rawValue)
    var seen: Set<String> = []
    return classes.enumerated().map { index, label in
      let own = stream.child(index)
      for attempt in 0..<10_000 {
        var draws = Draws(own.child(attempt))
        guard let row = make(label, &draws), seen.insert(key(row)).inserted else { continue }
        return row
      }
      preconditionFailure("\(name) finds no new row \(index) of \(split.rawValue)")
    }
  }

  /// `count` classes in random order, each as often as its weight says, up to one.
  package func classes<Class>(_ weights: [(Class, Int)], count: Int, seed: Int, _ split: WorldSplit) -> [Class] {
    let total = weights.reduce(0) { $0 + $1.1 }
    var result: [Class] = []
    var sum = 0
    for (label, weight) in weights {
      sum += weight
      while result.count < (count * sum + total / 2) / total { result.append(label) }
    }
    var draws = Draws(SeedStream(seed).child("small-world").child(name).child(split.rawValue).child("classes"))
    return draws.shuffled(result)
  }

  /// The rows with their numbers in the column `idx`, where the Hub has them last.
  package func numbered(_ rows: [JSONValue]) -> [JSONValue] {
    rows.enumerated().map { index, row in
      var row = row
      row["idx"] = .integer(index)
      return row
    }
  }
}
