import PEFTCore

/// One document of a pretraining corpus.
package enum PretrainingDocument: Sendable, Equatable {
  /// Running text.
  case prose(String)
  /// A conversation, for the chat template of the model that is trained.
  case conversation([ChatMessage])
}

/// Text to pretrain a model on, any document of which can be asked for.
///
/// A document is a pure function of the corpus (with its seed) and of its number, so that a resumed run reads what an
/// undisturbed one would have read.
package protocol PretrainingCorpus: Sendable {
  /// The document of a number; every number has one.
  func document(_ index: UInt64) -> PretrainingDocument
}
