import PEFTCore

/// Shortens a prompt to a number of tokens by cutting the middle out of its longest fields.
struct PromptCut {
  let renderer: ChatRenderer
  let limit: Int

  /// What replaces text that was cut out.
  static let mark = " … "

  /// The prompt within the limit, or as near to it as cutting fields gets.
  func cut(_ text: PromptText) throws(TemplateError) -> (prompt: String, ids: [Int32], isCut: Bool) {
    var text = text
    var isCut = false
    var prompt = try renderer.prompt(text.text)
    var ids = renderer.promptIDs(prompt)
    var whole = Set(text.pieces.indices.filter { text.pieces[$0].isField && !text.pieces[$0].text.isEmpty })
    while ids.count > limit, let field = longest(of: text, among: whole) {
      whole.remove(field)
      let characters = Array(text.pieces[field].text)
      // The most characters that fit, by bisection.
      var fits = 0
      var tooMany = characters.count
      while tooMany - fits > 1 {
        let middle = fits + (tooMany - fits) / 2
        let trial = text.replacing(field, with: Self.shortened(characters, to: middle))
        let count = renderer.promptIDs(try renderer.prompt(trial.text)).count
        if count <= limit { fits = middle } else { tooMany = middle }
      }
      text = text.replacing(field, with: Self.shortened(characters, to: fits))
      prompt = try renderer.prompt(text.text)
      ids = renderer.promptIDs(prompt)
      isCut = true
    }
    return (prompt, ids, isCut)
  }

  /// The longest field that is not a question, else the longest question; of equal ones the first.
  private func longest(of text: PromptText, among fields: Set<Int>) -> Int? {
    let sorted = fields.sorted()
    let others = sorted.filter { !text.pieces[$0].isQuestion }
    return (others.isEmpty ? sorted : others).max {
      (text.pieces[$0].text.utf8.count, $1) < (text.pieces[$1].text.utf8.count, $0)
    }
  }

  /// The first and the last of `characters`, `count` in all, cut between words where one is near.
  static func shortened(_ characters: [Character], to count: Int) -> String {
    guard count < characters.count else { return String(characters) }
    var head = characters[..<((count + 1) / 2)]
    var tail = characters[(characters.count - count / 2)...]
    if let space = head.suffix(24).lastIndex(where: \.isWhitespace) { head = head[..<space] }
    if let space = tail.prefix(24).firstIndex(where: \.isWhitespace) { tail = tail[(space + 1)...] }
    while head.last?.isWhitespace == true { head = head.dropLast() }
    while tail.first?.isWhitespace == true { tail = tail.dropFirst() }
    return String(head) + mark + String(tail)
  }
}
