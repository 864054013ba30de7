/// CodeBLEU for Python: how close generated code is to a reference, in its words, its syntax tree and its data flow.
///
///     CodeBLEU = (BLEU-4 + keyword-weighted BLEU-4 + syntax-tree match + data-flow match) / 4
///
/// Code that is not Python is scored by what of it can be read: a line that does not parse is one `ERROR` node with
/// its words, and the rest of the text keeps its tree and its data flow.
///
/// - Source: Ren et al. 2020 (arXiv 2009.10297), in the form that the `codebleu` package 0.7.0 computes with
///   tree-sitter-python 0.21 (`PYTHONHASHSEED=0`): counts are summed over the whole corpus before a part is divided,
///   and a data-flow match of 0 (also where no reference has any data flow) counts as 1 in the mean.
package enum CodeBLEU {
  /// The four parts and their mean, each 0...1.
  package struct Parts: Sendable, Equatable {
    /// BLEU-4 over words between white space.
    package let ngram: Double
    /// BLEU-4 in which reference words that are not keywords count a fifth.
    package let weightedNgram: Double
    /// The share of the references' subtrees that occur in the predictions.
    package let syntax: Double
    /// The share of the references' data-flow edges that occur in the predictions.
    package let dataFlow: Double

    /// The mean of the parts.
    package var codeBLEU: Double { (ngram + weightedNgram + syntax + (dataFlow == 0 ? 1 : dataFlow)) / 4 }

    /// The names of the mean and of the parts, as the `codebleu` package has them.
    package static let names = [
      "codebleu", "ngram_match_score", "weighted_ngram_match_score", "syntax_match_score", "dataflow_match_score",
    ]

    /// The mean and the parts, in the order of `names`.
    package var values: [Double] { [codeBLEU, ngram, weightedNgram, syntax, dataFlow] }
  }

  /// What a corpus comes to.
  package struct Corpus: Sendable, Equatable {
    /// The parts over all pairs.
    package let parts: Parts
    /// CodeBLEU of each pair by itself.
    package let values: [Double]
    /// How many predictions are empty or not Python.
    package let invalidPredictions: Int
  }

  /// The parts over a corpus of (reference, prediction) pairs.
  package static func parts(_ pairs: [(reference: String, prediction: String)]) -> Parts {
    var counts = Counts()
    for pair in pairs { counts.add(Counts(reference: pair.reference, prediction: pair.prediction)) }
    return counts.parts
  }

  /// The parts over a corpus, with what each of its pairs comes to by itself.
  package static func corpus(_ pairs: [(reference: String, prediction: String)]) -> Corpus {
    var corpus = Counts()
    var values: [Double] = []
    for pair in pairs {
      let counts = Counts(reference: pair.reference, prediction: pair.prediction)
      corpus.add(counts)
      values.append(counts.parts.codeBLEU)
    }
    return Corpus(parts: corpus.parts, values: values, invalidPredictions: corpus.invalidPredictions)
  }

  /// The sums that the parts are quotients of: of one row, or of a corpus.
  package struct Counts: Sendable {
    var ngrams = NgramMatch()
    var subtrees = (matches: 0, total: 0)
    var edges = (matches: 0, total: 0)
    var invalidPredictions = 0

    package init() {}

    package init(reference: String, prediction: String) {
      let reference = reference.trimmingWhiteSpace()
      let prediction = prediction.trimmingWhiteSpace()
      ngrams = NgramMatch(reference: reference, prediction: prediction)
      let wanted = Program(reference)
      let given = Program(prediction)
      subtrees = SyntaxMatch.counts(reference: wanted.tree.root, prediction: given.tree.root)
      edges = DataFlow.counts(reference: wanted.edges, prediction: given.edges)
      let isEmpty = given.bytes.isEmpty
      invalidPredictions = isEmpty || PythonParser.parse(Array(prediction.utf8)).hasErrors ? 1 : 0
    }

    package mutating func add(_ other: Counts) {
      ngrams.add(other.ngrams)
      subtrees = (subtrees.matches + other.subtrees.matches, subtrees.total + other.subtrees.total)
      edges = (edges.matches + other.edges.matches, edges.total + other.edges.total)
      invalidPredictions += other.invalidPredictions
    }

    /// Takes off what was added.
    package mutating func remove(_ other: Counts) {
      ngrams.remove(other.ngrams)
      subtrees = (subtrees.matches - other.subtrees.matches, subtrees.total - other.subtrees.total)
      edges = (edges.matches - other.edges.matches, edges.total - other.edges.total)
      invalidPredictions -= other.invalidPredictions
    }

    /// The part, or the mean of all, under the name that it has in results; nil for any other name.
    package func score(named name: String) -> Double? { Parts.names.firstIndex(of: name).map { parts.values[$0] } }

    var parts: Parts {
      Parts(
        ngram: ngrams.bleu, weightedNgram: ngrams.weightedBLEU,
        syntax: subtrees.total == 0 ? 0 : Double(subtrees.matches) / Double(subtrees.total),
        dataFlow: edges.total == 0 ? 0 : Double(edges.matches) / Double(edges.total))
    }
  }

  /// A text without comments and docstrings, with its tree and its data flow.
  private struct Program {
    let bytes: [UInt8]
    let tree: PythonParser.Result
    let edges: [DataFlow.Edge]

    init(_ code: String) {
      bytes = Array(CommentStripper.strip(code).utf8)
      tree = PythonParser.parse(bytes)
      edges = DataFlow.edges(tree.root, text: bytes)
    }
  }
}
