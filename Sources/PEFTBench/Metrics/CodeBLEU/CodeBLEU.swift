import Foundation

/// CodeBLEU for Python: how close generated code is to a reference, in its words, its syntax tree and its data flow.
///
///     CodeBLEU = (BLEU-4 + keyword-weighted BLEU-4 + syntax-tree match + data-flow match) / 4
///
/// - Source: Ren et al. 2020 (arXiv 2009.10297), in the form that the `codebleu` package 0.7.0 computes with
///   tree-sitter-python 0.21: counts are summed over the whole corpus before a part is divided, and a data-flow
///   match of 0 (also where no reference has any data flow) counts as 1 in the mean.
public enum CodeBLEU {
  /// The four parts and their mean, each 0...1.
  public struct Parts: Sendable, Equatable {
    /// BLEU-4 over words between white space.
    public let ngram: Double
    /// BLEU-4 in which reference words that are no keywords count a fifth.
    public let weightedNgram: Double
    /// The share of the references' subtrees that occur in the predictions.
    public let syntax: Double
    /// The share of the references' data-flow edges that occur in the predictions.
    public let dataFlow: Double

    /// The mean of the parts.
    public var codeBLEU: Double { (ngram + weightedNgram + syntax + (dataFlow == 0 ? 1 : dataFlow)) / 4 }

    static let names = [
      "codebleu", "ngram_match_score", "weighted_ngram_match_score", "syntax_match_score", "dataflow_match_score",
    ]
  }
}

extension CodeBLEU {
  /// The parts over a corpus of (reference, prediction) pairs.
  public static func parts(_ pairs: [(reference: String, prediction: String)]) -> Parts {
    var ngrams = NgramMatch()
    for pair in pairs { ngrams.add(NgramMatch(reference: pair.reference, prediction: pair.prediction)) }
    return Parts(ngram: ngrams.bleu, weightedNgram: ngrams.weightedBLEU, syntax: 0, dataFlow: 0)
  }

  static func scores(of pairs: [(reference: String, prediction: String)]) -> DatasetScores {
    let parts = parts(pairs)
    let values = [parts.codeBLEU, parts.ngram, parts.weightedNgram, parts.syntax, parts.dataFlow]
    return DatasetScores(
      primary: "codebleu", scores: zip(Parts.names, values).map { NamedScore(name: $0, value: $1) }, invalidRate: 0,
      count: pairs.count, rowCredits: [])
  }
}
