/// Damage to a command's arguments: words and options of other commands, values and paths that mean trouble, arguments
/// left out, doubled, exchanged and joined.
struct ArgumentMutation {
  /// The words of commands, and the options that any of them takes.
  let commands: [[String]]
  let options: [String]
  /// Values that some command takes.
  let valid: [String]

  /// Values that hardly anything takes.
  private static let values = [
    "", "-", "--", "---", "-x", "--no-such", "=", "--=", "-o", "0", "-1", "1e9", "1e300", "nan", "99999999999999999999",
    "9223372036854775807", "true", "null", "a=b", "=b", "a=", "a=b=c", "1/0", "3/2", "0/0", "-1/2", "1/99999999", "1GB",
    "-1GB",
    "1e30TB", "[", "]", "{", "training.steps=0", "training.steps=-1", "seeds=[]", "seeds=[1e30]", "methods.lora.rank=0",
    "methods=[]", "data.limit=first", "model=", "model.path=x", "output=", "dataset=rte", "method=*", "seed=x",
    "accuracy=-1", "memory=5%", "memory=%", "1,1,1", "1,1", "1e999,1,1", "f1", "table", "junit", "on", "paper", "rte",
    "mini", "cb,rte", "all", "glue", "train", "a,b", "\u{202E}abc", "\u{1B}[2J", "a\nb", "\t", "\u{7F}", "\u{0301}",
    "\u{1F600}", String(repeating: "x", count: 300), String(repeating: "a/", count: 3000), "%s%n", "$(echo)", "`echo`",
    "'", "\"", "*", "?",
  ]
  /// Paths of the folder in which commands are run, and odd ones.
  ///
  /// None leads to a file that is there outside of it.
  private static let paths = [
    "c.yaml", "c.json", "m.gguf", "model", "data", "data/rte", "rows.jsonl", "p.jsonl", "r", "r/runs", "a", "t.csv",
    "x",
    "out", ".", "..", "./", ".//", "../..", "./.", "r/", "r//", "x/y/z", "c.yaml/x", "m.gguf/", "link", "loop", "pipe",
    "/dev/null", "/dev/null/x", "/dev/full", "/dev/stdin", "/dev/stdout", "/dev/zero", "/nonexistent/x",
    "/proc/self/mem",
    "/proc/self/fd/0", "~", "~/x", "-x", "x\u{0301}", " ", "a b", "\u{202E}x", "\n", ".peft-bench", "con", "file://x",
  ]
  /// What an absolute path may begin with.
  private static let outside = ["/dev/", "/nonexistent/", "/proc/self/"]

  func apply(to bytes: inout [UInt8], _ random: inout CaseRandom) {
    var words = bytes.split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
    // Each is ended by a zero.
    if words.last?.isEmpty == true { words.removeLast() }
    func piece() -> [UInt8] {
      switch random.below(6) {
      case 4: Array(random.pick(valid).utf8)
      case 5: Array("\(random.pick(options))=\(random.pick(valid))".utf8)
      case 0: Array(random.pick(Self.paths).utf8)
      case 1: Array(random.pick(Self.values).utf8)
      case 2: Array(random.pick(options).utf8)
      default: Array("\(random.pick(options))=\(random.pick(random.oneIn(2) ? Self.values : Self.paths))".utf8)
      }
    }
    let place = words.isEmpty ? 0 : random.below(words.count)
    // Mostly after the command's own words, so that its arguments are looked at.
    let later = words.count < 3 ? words.count : 2 + random.below(words.count - 1)
    switch random.below(12) {
    case 0 where !words.isEmpty: words.remove(at: place)
    case 1 where !words.isEmpty: words.insert(words[place], at: place)
    case 2 where !words.isEmpty: words.swapAt(place, random.below(words.count))
    case 3 where !words.isEmpty: ByteMutation.apply(to: &words[place], &random)
    case 4 where words.count > 1:
      let command = random.pick(commands).map { Array($0.utf8) }
      words.replaceSubrange(0..<1, with: command)
    case 5 where place + 1 < words.count:
      words[place] += Array("=".utf8) + words[place + 1]
      words.remove(at: place + 1)
    case 6...8 where later < words.count: words[later] = piece()
    default: words.insert(piece(), at: min(later, words.count))
    }
    bytes = words.flatMap { Self.harmless($0) + [0] }
  }

  /// The word, unless it names a place in the machine's folders; then with a letter before that.
  private static func harmless(_ word: [UInt8]) -> [UInt8] {
    var word = word
    let slash = UInt8(ascii: "/")
    for place in word.indices.reversed() where word[place] == slash {
      let isStart = place == 0 || [UInt8(ascii: "="), UInt8(ascii: ","), UInt8(ascii: ":")].contains(word[place - 1])
      let rest = String(decoding: word[place...], as: UTF8.self)
      // An option's short form takes its value without a space.
      let isShort = place == 2 && word[0] == UInt8(ascii: "-")
      if isStart || isShort, !outside.contains(where: rest.hasPrefix) { word.insert(UInt8(ascii: "x"), at: place) }
    }
    return word
  }
}
