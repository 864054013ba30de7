import PEFTCore

/// The hashes of what a run reads, by which another process tells what was replaced since the sweep began.
package struct RunInputs: Sendable, Equatable {
  /// The weights' files.
  package let weights: SealedFiles
  /// What the hash of each input is for, in words, with the hash.
  private let parts: [Part]

  private struct Part: Equatable {
    let name: String
    let hash: String
  }

  /// The inputs of a run with this identity.
  init(_ identity: RunIdentity, weights: SealedFiles) {
    func hash(_ section: String, _ key: String) -> String { identity.json[section]?[key]?.compactText ?? "" }
    self.weights = weights
    parts = [
      Part(name: "weights", hash: hash("model", "weights")),
      Part(name: "config.json", hash: hash("model", "description")),
      Part(name: "tokenizer", hash: hash("model", "tokenizer")),
      Part(name: "chat template", hash: hash("model", "chat")),
      Part(name: "end tokens", hash: hash("model", "end_tokens")),
      Part(name: "training rows", hash: hash("dataset", "train")),
      Part(name: "further training rows", hash: hash("dataset", "augmented")),
      Part(name: "evaluation rows", hash: hash("dataset", "eval")),
      Part(name: "test rows", hash: hash("dataset", "test")),
      Part(name: "further rows", hash: hash("dataset", "sets")),
      Part(name: "adapter to start from", hash: hash("method", "init_from")),
    ]
  }

  /// The first input that is another one than in `other`, in words; nil where all are the same.
  func difference(from other: RunInputs) -> String? {
    zip(parts, other.parts).first { $0 != $1 }?.0.name
  }

  /// The inputs as a worker is told of them.
  package var json: JSONValue {
    var hashes: JSONValue = [:]
    for part in parts { hashes[part.name] = JSONValue(part.hash) }
    return ["weights": weights.json, "hashes": hashes]
  }

  /// Reads what `json` wrote; nil for anything else.
  package init?(_ json: DocumentValue?) {
    guard let weights = SealedFiles(json?["weights"]), let hashes = json?["hashes"]?.object else { return nil }
    self.weights = weights
    parts = hashes.members.map { Part(name: $0.key, hash: $0.value.string ?? "") }
  }
}
