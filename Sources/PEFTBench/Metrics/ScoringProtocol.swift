/// How predictions become a score.
package enum ScoringProtocol: String, Sendable, CaseIterable, Codable {
  /// What each task's definition asks for: an answer that cannot be read is wrong, is credited to no class, and
  /// shows in the invalid rate.
  case strict
  /// What the script published with PEFT-Bench computes, its defects included, so that published numbers can be
  /// compared.
  ///
  /// Both sides are lower-cased (code too) and labels cut to 16 characters; an invalid answer is replaced by one of
  /// the first two labels that differs from the gold one; an STS-B score that cannot be read counts as -1; SVAMP
  /// asks only whether an equation is true, not whether it answers the question; ReCoRD weighs a query by the
  /// number of its rows. See arXiv 2511.21285 and its compute_metrics.py.
  case peftBench = "peft-bench"
}
