/// A small Python program that reads its input and prints a result.
package struct ProgramRecipe: Sendable {
  /// What the program reads.
  package enum Input: Sendable { case number, pair, word, list }

  /// What it reads.
  package let input: Input
  /// What is to be printed, with `{n}`, `{a}`, `{b}`, `{s}`, `{l}` and a number `{i}`.
  package let task: String
  /// What is printed in Python.
  package let output: String
  /// What is printed for an input, to make the tests of a problem.
  let evaluate: @Sendable (Values) -> String

  /// An input and the recipe's own number.
  struct Values: Sendable {
    var numbers: [Int] = []
    var word = ""
    var own = 2
    var first: Int { numbers[0] }
    var second: Int { numbers[1] }
  }

  private init(
    _ input: Input, _ task: String, _ output: String, _ evaluate: @escaping @Sendable (Values) -> String
  ) {
    self.input = input
    self.task = task
    self.output = output
    self.evaluate = evaluate
  }

  private static func number(
    _ task: String, _ output: String, _ value: @escaping @Sendable (Int, Int) -> Int
  ) -> ProgramRecipe {
    ProgramRecipe(.number, task, output) { String(value($0.first, $0.own)) }
  }

  private static func pair(
    _ task: String, _ output: String, _ value: @escaping @Sendable (Int, Int) -> Int
  ) -> ProgramRecipe {
    ProgramRecipe(.pair, task, output) { String(value($0.first, $0.second)) }
  }

  private static func list(
    _ task: String, _ output: String, _ value: @escaping @Sendable ([Int], Int) -> Int
  ) -> ProgramRecipe {
    ProgramRecipe(.list, task, output) { String(value($0.numbers, $0.own)) }
  }

  /// The programs.
  package static let all: [ProgramRecipe] = [
    number("Print {n} plus {i}.", "{n} + {i}") { $0 + $1 },
    number("Print {n} minus {i}.", "{n} - {i}") { $0 - $1 },
    number("Print {n} times {i}.", "{n} * {i}") { $0 * $1 },
    number("Print the square of {n}.", "{n} * {n}") { n, _ in n * n },
    number("Print the square of {n} plus {i}.", "{n} * {n} + {i}") { $0 * $0 + $1 },
    number("Print the remainder of {n} divided by {i}.", "{n} % {i}") { $0 % $1 },
    number("Print how often {i} fits into {n}.", "{n} // {i}") { $0 / $1 },
    number("Print the sum of the numbers from 1 to {n}.", "sum(range(1, {n} + 1))") { n, _ in n * (n + 1) / 2 },
    number("Print the last digit of {n}.", "{n} % 10") { n, _ in n % 10 },
    number("Print the larger of {n} and {i}.", "max({n}, {i})") { max($0, $1) },
    number("Print the smaller of {n} and {i}.", "min({n}, {i})") { min($0, $1) },
    ProgramRecipe(.number, "Print Yes if {n} is even, else No.", "\"Yes\" if {n} % 2 == 0 else \"No\"") {
      $0.first % 2 == 0 ? "Yes" : "No"
    },
    ProgramRecipe(.number, "Print Yes if {n} is greater than {i}, else No.", "\"Yes\" if {n} > {i} else \"No\"") {
      $0.first > $0.own ? "Yes" : "No"
    },
    ProgramRecipe(.number, "Print Yes if {n} is less than {i}, else No.", "\"Yes\" if {n} < {i} else \"No\"") {
      $0.first < $0.own ? "Yes" : "No"
    },
    ProgramRecipe(
      .number, "Print Yes if {n} is a multiple of {i}, else No.", "\"Yes\" if {n} % {i} == 0 else \"No\""
    ) { $0.first % $0.own == 0 ? "Yes" : "No" },
    pair("Print the sum of {a} and {b}.", "{a} + {b}") { $0 + $1 },
    pair("Print {a} minus {b}.", "{a} - {b}") { $0 - $1 },
    pair("Print the product of {a} and {b}.", "{a} * {b}") { $0 * $1 },
    pair("Print the larger of {a} and {b}.", "max({a}, {b})") { max($0, $1) },
    pair("Print the smaller of {a} and {b}.", "min({a}, {b})") { min($0, $1) },
    pair("Print the distance between {a} and {b}.", "abs({a} - {b})") { abs($0 - $1) },
    pair("Print the perimeter of a rectangle {a} by {b}.", "2 * ({a} + {b})") { 2 * ($0 + $1) },
    pair("Print the remainder of {a} divided by {b}.", "{a} % {b}") { $0 % $1 },
    ProgramRecipe(.pair, "Print Yes if {a} and {b} are equal, else No.", "\"Yes\" if {a} == {b} else \"No\"") {
      $0.first == $0.second ? "Yes" : "No"
    },
    ProgramRecipe(.pair, "Print Yes if {a} is greater than {b}, else No.", "\"Yes\" if {a} > {b} else \"No\"") {
      $0.first > $0.second ? "Yes" : "No"
    },
    ProgramRecipe(.word, "Print {s} backwards.", "{s}[::-1]") { String($0.word.reversed()) },
    ProgramRecipe(.word, "Print {s} in capitals.", "{s}.upper()") { $0.word.uppercased() },
    ProgramRecipe(.word, "Print the length of {s}.", "len({s})") { String($0.word.count) },
    ProgramRecipe(.word, "Print the first letter of {s}.", "{s}[0]") { String($0.word.prefix(1)) },
    ProgramRecipe(.word, "Print the last letter of {s}.", "{s}[-1]") { String($0.word.suffix(1)) },
    ProgramRecipe(.word, "Print {s} {i} times in a row.", "{s} * {i}") {
      String(repeating: $0.word, count: $0.own)
    },
    ProgramRecipe(.word, "Print how often the letter e is in {s}.", "{s}.count(\"e\")") {
      String($0.word.count { $0 == "e" })
    },
    ProgramRecipe(
      .word, "Print Yes if {s} reads the same backwards, else No.", "\"Yes\" if {s} == {s}[::-1] else \"No\""
    ) { $0.word == String($0.word.reversed()) ? "Yes" : "No" },
    list("Print the sum of {l}.", "sum({l})") { l, _ in l.reduce(0, +) },
    list("Print the largest number of {l}.", "max({l})") { l, _ in l.max() ?? 0 },
    list("Print the smallest number of {l}.", "min({l})") { l, _ in l.min() ?? 0 },
    list("Print how many numbers {l} has.", "len({l})") { l, _ in l.count },
    list("Print the first number of {l}.", "{l}[0]") { l, _ in l.first ?? 0 },
    list("Print the last number of {l}.", "{l}[-1]") { l, _ in l.last ?? 0 },
    list("Print how often {i} is in {l}.", "{l}.count({i})") { l, own in l.count { $0 == own } },
    list("Print the sum of {l} plus {i}.", "sum({l}) + {i}") { $0.reduce(0, +) + $1 },
    list("Print the range of {l}.", "max({l}) - min({l})") { l, _ in (l.max() ?? 0) - (l.min() ?? 0) },
  ]
}
