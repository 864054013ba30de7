/// A small Python function or script that can be asked for.
package struct FunctionRecipe: Sendable {
  /// What the function does: `returns the sum of {a} and {b}`.
  package let does: String
  /// What it is called.
  package let name: String
  /// What it takes, by the letters of its places: `ab` for two numbers, `l` for a list, `t` for a text.
  package let takes: String
  /// What it returns.
  package let result: String

  private init(_ name: String, _ takes: String, _ does: String, _ result: String) {
    self.name = name
    self.takes = takes
    self.does = does
    self.result = result
  }

  /// Names for what a function takes.
  package struct Parameters: Sendable {
    let values: [(place: String, text: String)]
    /// What a call might hand over: `[3, 1, 4]`.
    let sample: String
    /// The names in the order of the parameters.
    let names: [String]

    static func draw(_ takes: String, _ draws: inout Draws) -> Parameters {
      var values: [(String, String)] = [("{i}", String(draws.integer(in: 2...9)))]
      var names: [String] = []
      func add(_ place: String, _ choices: [String]) {
        guard let name = draws.pick(choices, except: names.contains) else { return }
        values.append((place, name))
        names.append(name)
      }
      var sample = ""
      for letter in takes {
        switch letter {
        case "a", "b", "n":
          add("{\(letter)}", ["a", "b", "n", "x", "y", "k", "num", "size"])
          sample += (sample.isEmpty ? "" : ", ") + String(draws.integer(in: 1...20))
        case "l":
          add("{l}", ["xs", "items", "nums", "values", "data", "lst"])
          sample = "[" + (0..<3).map { _ in String(draws.integer(in: 1...9)) }.joined(separator: ", ") + "]"
        default:
          add("{t}", ["s", "text", "word", "line", "name"])
          sample = "'\(draws.pick(["tea", "hen", "river", "lamp", "cup", "garden", "bread"]))'"
        }
      }
      return Parameters(values: values, sample: sample, names: names)
    }

    func filled(_ text: String) -> String {
      values.reduce(text) { $0.replacing($1.place, with: $1.text) }
    }
  }

  /// The functions.
  package static let all: [FunctionRecipe] = [
    FunctionRecipe("add", "ab", "returns the sum of two numbers {a} and {b}", "{a} + {b}"),
    FunctionRecipe("subtract", "ab", "returns the difference of two numbers {a} and {b}", "{a} - {b}"),
    FunctionRecipe("multiply", "ab", "returns the product of two numbers {a} and {b}", "{a} * {b}"),
    FunctionRecipe("divide", "ab", "divides a number {a} by {b}", "{a} / {b}"),
    FunctionRecipe("power", "ab", "raises a number {a} to the power {b}", "{a} ** {b}"),
    FunctionRecipe("remainder", "ab", "returns the remainder of {a} divided by {b}", "{a} % {b}"),
    FunctionRecipe("larger", "ab", "returns the larger of two numbers {a} and {b}", "max({a}, {b})"),
    FunctionRecipe("smaller", "ab", "returns the smaller of two numbers {a} and {b}", "min({a}, {b})"),
    FunctionRecipe("average", "ab", "returns the average of two numbers {a} and {b}", "({a} + {b}) / 2"),
    FunctionRecipe("area", "ab", "returns the area of a rectangle with sides {a} and {b}", "{a} * {b}"),
    FunctionRecipe("perimeter", "ab", "returns the perimeter of a rectangle {a} by {b}", "2 * ({a} + {b})"),
    FunctionRecipe("is_equal", "ab", "checks if {a} and {b} are equal", "{a} == {b}"),
    FunctionRecipe("is_greater", "ab", "checks if {a} is greater than {b}", "{a} > {b}"),
    FunctionRecipe("square", "n", "squares a number {n}", "{n} ** 2"),
    FunctionRecipe("double", "n", "doubles a number {n}", "{n} * 2"),
    FunctionRecipe("half", "n", "halves a number {n}", "{n} / 2"),
    FunctionRecipe("is_even", "n", "checks if a number {n} is even", "{n} % 2 == 0"),
    FunctionRecipe("is_odd", "n", "checks if a number {n} is odd", "{n} % 2 == 1"),
    FunctionRecipe("is_positive", "n", "checks if a number {n} is positive", "{n} > 0"),
    FunctionRecipe("absolute", "n", "returns the absolute value of {n}", "abs({n})"),
    FunctionRecipe("scale", "n", "multiplies a number {n} by {i}", "{n} * {i}"),
    FunctionRecipe("shift", "n", "adds {i} to a number {n}", "{n} + {i}"),
    FunctionRecipe("is_multiple", "n", "checks if {n} is a multiple of {i}", "{n} % {i} == 0"),
    FunctionRecipe("numbers_to", "n", "lists the numbers from 1 to {n}", "list(range(1, {n} + 1))"),
    FunctionRecipe("sum_to", "n", "adds up the numbers from 1 to {n}", "sum(range(1, {n} + 1))"),
    FunctionRecipe("total", "l", "returns the sum of a list {l}", "sum({l})"),
    FunctionRecipe("largest", "l", "finds the largest number in a list {l}", "max({l})"),
    FunctionRecipe("smallest", "l", "finds the smallest number in a list {l}", "min({l})"),
    FunctionRecipe("mean", "l", "finds the mean of a list {l}", "sum({l}) / len({l})"),
    FunctionRecipe("first", "l", "returns the first item of a list {l}", "{l}[0]"),
    FunctionRecipe("last", "l", "returns the last item of a list {l}", "{l}[-1]"),
    FunctionRecipe("length", "l", "counts the items of a list {l}", "len({l})"),
    FunctionRecipe("ordered", "l", "sorts a list {l}", "sorted({l})"),
    FunctionRecipe("reversed_list", "l", "reverses a list {l}", "{l}[::-1]"),
    FunctionRecipe("unique", "l", "removes duplicates from a list {l}", "list(set({l}))"),
    FunctionRecipe("evens", "l", "keeps the even numbers of a list {l}", "[v for v in {l} if v % 2 == 0]"),
    FunctionRecipe("squares", "l", "squares each number of a list {l}", "[v ** 2 for v in {l}]"),
    FunctionRecipe("above", "l", "keeps the numbers of a list {l} above {i}", "[v for v in {l} if v > {i}]"),
    FunctionRecipe("times", "l", "multiplies each number of a list {l} by {i}", "[v * {i} for v in {l}]"),
    FunctionRecipe("spread", "l", "returns the range of a list {l}", "max({l}) - min({l})"),
    FunctionRecipe("upper", "t", "converts a string {t} to upper case", "{t}.upper()"),
    FunctionRecipe("lower", "t", "converts a string {t} to lower case", "{t}.lower()"),
    FunctionRecipe("backwards", "t", "reverses a string {t}", "{t}[::-1]"),
    FunctionRecipe("count_words", "t", "counts the words in a string {t}", "len({t}.split())"),
    FunctionRecipe("words", "t", "splits a string {t} into words", "{t}.split()"),
    FunctionRecipe("count_letters", "t", "counts the letters in a string {t}", "len({t})"),
    FunctionRecipe("is_palindrome", "t", "checks if a string {t} is a palindrome", "{t} == {t}[::-1]"),
    FunctionRecipe("no_spaces", "t", "removes the spaces from a string {t}", "{t}.replace(' ', '')"),
    FunctionRecipe("repeat", "t", "repeats a string {t} {i} times", "{t} * {i}"),
    FunctionRecipe("greet", "t", "greets a person by the name {t}", "'Hello ' + {t}"),
  ]
}

extension FunctionRecipe {
  /// The base form of a verb in the third person: `return` for `returns`.
  static func base(of third: String) -> String {
    for ending in ["ches", "shes", "sses"] where third.hasSuffix(ending) { return String(third.dropLast(2)) }
    return third.hasSuffix("s") ? String(third.dropLast()) : third
  }
}
