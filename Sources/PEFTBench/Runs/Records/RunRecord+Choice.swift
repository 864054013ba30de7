import PEFTCore

extension RunRecord {
  /// How a run chose the combination of adapters that it starts from, on training rows that it held back.
  package struct Choice: RecordPart {
    /// One combination that was judged.
    package struct Candidate: RecordPart {
      /// The numbers that make it, by name.
      package var values: JSONValue = [:]
      /// Its headline score.
      package var score = 0.0

      package init() {}

      package static let members: [RecordMember<Self>] = [.required("values", \.values), .required("score", \.score)]
    }

    /// How many rows were held back.
    package var rows: Int?
    /// The hash of these rows as they are used.
    package var sha256: String?
    /// All candidates, in their order.
    package var candidates: [Candidate] = []
    /// Which of them was chosen, from 0.
    package var chosen = 0
    /// Seconds that judging them took, which are neither training nor evaluation.
    package var seconds: Double?
    /// What the user should know of the choice; nil for nothing.
    package var notes: [String]?
    /// Peak bytes that tensors held meanwhile, which PSCP does not count.
    package var peakTensorBytes: Double?

    package init() {}

    /// The chosen one; nil in a record that has it not.
    package var best: Candidate? { candidates.indices.contains(chosen) ? candidates[chosen] : nil }

    package static let members: [RecordMember<Self>] = [
      .nullable("rows", \.rows), .nullable("sha256", \.sha256), .required("candidates", \.candidates),
      .required("chosen", \.chosen), .nullable("seconds", \.seconds),
      .nullableCount("peak_tensor_bytes", \.peakTensorBytes), .optional("notes", \.notes),
    ]
  }
}
