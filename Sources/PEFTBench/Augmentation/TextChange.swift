import PEFTCore

/// A rule by which a text is reworded so that it says the same.
///
/// Each works on English text by itself, without a network or a model, and draws from a stream, so that a text is changed in
/// the same way each time. Whether the label of a row survives a rule depends on the task: dropped words can make a sentence
/// unacceptable, which is what CoLA asks about.
package enum TextChange: String, CaseIterable, Sendable {
  /// Two letters of a word are swapped, or one is left out or written twice.
  case typos
  /// A letter is replaced by one beside it on the keyboard.
  case keyboard
  /// Everything in small letters, in capitals, or with a capital at the start of each word.
  case letterCase = "case"
  /// "do not" becomes "don't", or the other way round.
  case contractions
  /// A word is replaced by one that means the same.
  case synonyms
  /// Articles and other words without content are left out.
  case functionWords = "function-words"
  /// Sentences come in another order.
  case sentenceOrder = "sentence-order"

  /// The text after the rule; nil where it finds nothing to change.
  package func changed(_ text: String, by stream: SeedStream) -> String? {
    let changed: String? =
      switch self {
      case .typos: LetterSlips.typos(in: text, by: stream)
      case .keyboard: LetterSlips.keyboard(in: text, by: stream)
      case .letterCase: LetterCase.changed(text, by: stream)
      case .contractions: Contractions.changed(text, by: stream)
      case .synonyms: Synonyms.changed(text, by: stream)
      case .functionWords: FunctionWords.dropped(from: text, by: stream)
      case .sentenceOrder: SentenceOrder.changed(text, by: stream)
      }
    return changed == text ? nil : changed
  }
}
