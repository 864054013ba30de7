import PEFTCore
import SmallWorld

/// A document, or a piece of one, as tokens.
struct EncodedDocument: Sendable, Equatable {
  /// The tokens.
  var tokens: [Int32]
  /// Which of them are trained.
  var isTarget: [Bool]

  /// The document in pieces of at most `length` tokens, each of which is trained by itself.
  func pieces(of length: Int) -> [EncodedDocument] {
    guard tokens.count > length else { return [self] }
    return stride(from: 0, to: tokens.count, by: length).map { start in
      let range = start..<min(start + length, tokens.count)
      return EncodedDocument(tokens: Array(tokens[range]), isTarget: Array(isTarget[range]))
    }
  }
}

/// Turns documents into tokens, as the model's chat template and tokenizer do.
struct DocumentEncoder: Sendable {
  let tokenizer: Tokenizer
  let lossTokens: PretrainingConfiguration.LossTokens

  /// The tokens of a document with the marks around it.
  func encode(_ document: PretrainingDocument) -> EncodedDocument {
    switch document {
    case .prose(let text):
      let tokens = tokenizer.encode(text, addSpecialTokens: false) + [MiniChat.id(MiniChat.endOfText)]
      return EncodedDocument(tokens: tokens, isTarget: [Bool](repeating: true, count: tokens.count))
    case .conversation(let messages):
      var encoded = EncodedDocument(tokens: [], isTarget: [])
      for message in messages {
        precondition(MiniChat.roles.contains(message.role), "DocumentEncoder: nobody is called \(message.role)")
        let text = tokenizer.encode(message.content, addSpecialTokens: false)
        let isTarget = lossTokens == .all || message.role == "assistant"
        encoded.tokens.append(MiniChat.id(MiniChat.mark(message.role)))
        encoded.isTarget.append(lossTokens == .all)
        encoded.tokens += text + [MiniChat.id(MiniChat.endOfTurn)]
        encoded.isTarget += [Bool](repeating: isTarget, count: text.count + 1)
      }
      return encoded
    }
  }
}

extension PretrainingDocument {
  /// What the vocabulary is learned from: the texts without the marks of the chat format.
  var texts: [String] {
    switch self {
    case .prose(let text): [text]
    case .conversation(let messages): messages.map(\.content)
    }
  }
}
