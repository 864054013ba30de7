import Foundation
import PEFTCore
import SmallWorld

/// The held-out documents as batches, and what can be said of them without a model.
struct ValidationSet {
  /// Trained tokens.
  let labelCount: Int
  /// Tokens in all.
  let tokenCount: Int
  /// Bytes of the documents' texts.
  let byteCount: Int
  /// The loss of a model that knows how frequent each token is and nothing else, in nats.
  let unigramEntropy: Double

  private let batches: [PretrainingBatch]

  /// Encodes documents.
  init(
    _ numbers: [UInt64], of corpus: any PretrainingCorpus, by encoder: DocumentEncoder,
    training: PretrainingConfiguration.Training, workers: Workers
  ) {
    let documents = DocumentQueue.encode(
      numbers, of: corpus, by: encoder, pieceLength: training.sequenceLength, workers: workers
    ).flatMap(\.self)
    var batches: [PretrainingBatch] = []
    var pending: [EncodedDocument] = []
    var pendingTokens = 0
    var frequencies = [Int](repeating: 0, count: encoder.tokenizer.vocabularySize)
    for (index, document) in documents.enumerated() {
      pending.append(document)
      pendingTokens += document.tokens.count
      for (token, isTarget) in zip(document.tokens, document.isTarget).dropFirst() where isTarget {
        frequencies[Int(token)] += 1
      }
      if pendingTokens >= training.batchTokens || index == documents.count - 1 {
        batches.append(PretrainingBatch(pending, shards: training.shards))
        pending = []
        pendingTokens = 0
      }
    }
    self.batches = batches
    let labels = batches.reduce(0) { $0 + $1.labelCount }
    labelCount = labels
    tokenCount = batches.reduce(0) { $0 + $1.tokenCount }
    byteCount = numbers.reduce(0) { $0 + corpus.document($1).texts.reduce(0) { $0 + $1.utf8.count } }
    unigramEntropy = frequencies.reduce(0.0) { sum, count in
      guard count > 0 else { return sum }
      let share = Double(count) / Double(labels)
      return sum - share * log(share)
    }
  }

  /// The mean loss over all trained tokens, of which there is one at least.
  func loss(_ copies: ModelCopies) -> Double {
    batches.reduce(0.0) { $0 + copies.loss(of: $1) * Double($1.labelCount) } / Double(labelCount)
  }
}
