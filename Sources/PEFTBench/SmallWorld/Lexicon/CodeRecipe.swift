/// Something that can be done in a line of Python, with the words for it.
package struct CodeRecipe: Sendable {
  /// What it does, in two wordings, as an order: `sort the list {xs}`.
  package let intents: [String]
  /// The line.
  package let code: String

  private init(_ first: String, _ second: String, _ code: String) {
    intents = [first, second]
    self.code = code
  }

  /// Names and numbers for the places of a recipe.
  package struct Filling: Sendable {
    /// What stands for each place.
    package let values: [(place: String, text: String)]

    /// Draws a name for every place.
    package static func draw(_ draws: inout Draws) -> Filling {
      let lists = draws.sample(2, of: ["xs", "items", "nums", "words", "values", "data", "rows", "names", "marks"])
      let texts = draws.sample(1, of: ["s", "text", "word", "line", "name", "title", "msg"])
      let numbers = draws.sample(2, of: ["n", "k", "x", "y", "size", "a", "b"])
      return Filling(values: [
        ("{xs}", lists[0]), ("{ys}", lists[1]), ("{s}", texts[0]), ("{n}", numbers[0]), ("{m}", numbers[1]),
        ("{d}", draws.pick(["d", "ages", "prices", "table", "stock", "marks_of"])),
        ("{r}", draws.pick(["r", "total", "result", "out", "res"])), ("{i}", String(draws.integer(in: 2...9))),
        ("{c}", draws.pick(["a", "b", "e", "o", "x", "-", ",", ";"])),
        ("{w}", draws.pick(["tea", "hen", "cup", "red", "owl", "sun"])),
      ])
    }

    /// The text with its places filled.
    ///
    /// - Parameter quote: What stands around the names, such as a backtick.
    package func filled(_ text: String, quote: String = "") -> String {
      var text = text
      for (place, value) in values {
        let isName = !["{i}", "{c}", "{w}"].contains(place)
        text = text.replacing(place, with: isName ? quote + value + quote : value)
      }
      return text
    }
  }

  /// The lines.
  package static let all: [CodeRecipe] = [
    CodeRecipe("sort the list {xs}", "put the list {xs} in order", "{xs}.sort()"),
    CodeRecipe(
      "sort the list {xs} in descending order", "sort {xs} from large to small", "{xs}.sort(reverse=True)"),
    CodeRecipe("get a sorted copy {r} of the list {xs}", "store the sorted {xs} in {r}", "{r} = sorted({xs})"),
    CodeRecipe("reverse the list {xs}", "turn the list {xs} around", "{xs}.reverse()"),
    CodeRecipe("append {n} to the list {xs}", "add {n} to the end of {xs}", "{xs}.append({n})"),
    CodeRecipe("get the last item of the list {xs}", "get the item at the end of {xs}", "{xs}[-1]"),
    CodeRecipe("get the first item of the list {xs}", "get the item at the start of {xs}", "{xs}[0]"),
    CodeRecipe("get the first {i} items of the list {xs}", "take {i} items from the start of {xs}", "{xs}[:{i}]"),
    CodeRecipe("get the last {i} items of the list {xs}", "take {i} items from the end of {xs}", "{xs}[-{i}:]"),
    CodeRecipe("skip the first {i} items of the list {xs}", "get {xs} without its first {i} items", "{xs}[{i}:]"),
    CodeRecipe("store the sum of {xs} in {r}", "add up {xs} into {r}", "{r} = sum({xs})"),
    CodeRecipe("store the largest item of {xs} in {r}", "find the maximum of {xs} as {r}", "{r} = max({xs})"),
    CodeRecipe("store the smallest item of {xs} in {r}", "find the minimum of {xs} as {r}", "{r} = min({xs})"),
    CodeRecipe("store the length of {xs} in {r}", "count the items of {xs} into {r}", "{r} = len({xs})"),
    CodeRecipe(
      "store the mean of {xs} in {r}", "compute the average {r} of {xs}", "{r} = sum({xs}) / len({xs})"),
    CodeRecipe("remove {n} from the list {xs}", "delete the value {n} from {xs}", "{xs}.remove({n})"),
    CodeRecipe("remove duplicates from {xs}", "get the distinct items of {xs}", "list(set({xs}))"),
    CodeRecipe("check if {n} is in the list {xs}", "test whether {xs} has {n}", "{n} in {xs}"),
    CodeRecipe("count how often {n} occurs in {xs}", "get the number of {n} in {xs}", "{xs}.count({n})"),
    CodeRecipe("find the index of {n} in {xs}", "get the place of {n} in {xs}", "{xs}.index({n})"),
    CodeRecipe("insert {n} into {xs} at index {i}", "put {n} at place {i} of {xs}", "{xs}.insert({i}, {n})"),
    CodeRecipe("join {xs} with commas", "make one text of {xs} with commas", "', '.join({xs})"),
    CodeRecipe("join {xs} with spaces", "make one text of {xs} with spaces", "' '.join({xs})"),
    CodeRecipe("multiply each item of {xs} by {i}", "get {xs} with every item times {i}", "[x * {i} for x in {xs}]"),
    CodeRecipe("add {i} to each item of {xs}", "get {xs} with every item plus {i}", "[x + {i} for x in {xs}]"),
    CodeRecipe(
      "keep the items of {xs} greater than {i}", "get the items above {i} in {xs}", "[x for x in {xs} if x > {i}]"),
    CodeRecipe(
      "keep the items of {xs} less than {i}", "get the items below {i} in {xs}", "[x for x in {xs} if x < {i}]"),
    CodeRecipe(
      "keep the even items of {xs}", "get the even numbers in {xs}", "[x for x in {xs} if x % 2 == 0]"),
    CodeRecipe("keep the odd items of {xs}", "get the odd numbers in {xs}", "[x for x in {xs} if x % 2 == 1]"),
    CodeRecipe("convert the items of {xs} to integers", "turn {xs} into integers", "[int(x) for x in {xs}]"),
    CodeRecipe("convert the items of {xs} to strings", "turn {xs} into strings", "[str(x) for x in {xs}]"),
    CodeRecipe("get the lengths of the items of {xs}", "measure each item of {xs}", "[len(x) for x in {xs}]"),
    CodeRecipe("convert the items of {xs} to upper case", "get {xs} in capitals", "[x.upper() for x in {xs}]"),
    CodeRecipe("join the lists {xs} and {ys} into {r}", "store {xs} followed by {ys} in {r}", "{r} = {xs} + {ys}"),
    CodeRecipe("pair the items of {xs} and {ys}", "zip {xs} with {ys}", "list(zip({xs}, {ys}))"),
    CodeRecipe("print each item of {xs}", "show all items of {xs} one by one", "for x in {xs}: print(x)"),
    CodeRecipe(
      "print each item of {xs} with its index", "show {xs} with numbers", "for i, x in enumerate({xs}): print(i, x)"),
    CodeRecipe("add all items of {ys} to {xs}", "extend {xs} by {ys}", "{xs}.extend({ys})"),
    CodeRecipe("get every second item of {xs}", "take each other item of {xs}", "{xs}[::2]"),
    CodeRecipe("get a reversed copy of {xs}", "copy {xs} from end to start", "{xs}[::-1]"),
    CodeRecipe("convert {s} to upper case", "get {s} in capitals", "{s}.upper()"),
    CodeRecipe("convert {s} to lower case", "get {s} in small letters", "{s}.lower()"),
    CodeRecipe("strip spaces from {s}", "remove the spaces around {s}", "{s}.strip()"),
    CodeRecipe("split {s} into words", "get the list of words in {s}", "{s}.split()"),
    CodeRecipe("split {s} on '{c}'", "cut {s} into parts at '{c}'", "{s}.split('{c}')"),
    CodeRecipe("remove each '{c}' from {s}", "delete all '{c}' in {s}", "{s}.replace('{c}', '')"),
    CodeRecipe("replace '{c}' by a space in {s}", "put a space for each '{c}' in {s}", "{s}.replace('{c}', ' ')"),
    CodeRecipe("check if {s} starts with '{w}'", "test whether '{w}' begins {s}", "{s}.startswith('{w}')"),
    CodeRecipe("check if {s} ends with '{w}'", "test whether '{w}' ends {s}", "{s}.endswith('{w}')"),
    CodeRecipe("check if '{w}' occurs in {s}", "test whether {s} has '{w}' in it", "'{w}' in {s}"),
    CodeRecipe("find '{w}' in {s}", "get the place of '{w}' in {s}", "{s}.find('{w}')"),
    CodeRecipe("count '{c}' in {s}", "get how often '{c}' is in {s}", "{s}.count('{c}')"),
    CodeRecipe("reverse the string {s}", "get {s} backwards", "{s}[::-1]"),
    CodeRecipe("convert the string {s} to an integer {n}", "store {s} as integer in {n}", "{n} = int({s})"),
    CodeRecipe("repeat {s} {i} times", "get {s} {i} times in a row", "{s} * {i}"),
    CodeRecipe("get the letters of {s} as a list", "make a list of the letters of {s}", "list({s})"),
    CodeRecipe("get the keys of {d}", "list the keys of the dict {d}", "list({d}.keys())"),
    CodeRecipe("get the values of {d}", "list the values of the dict {d}", "list({d}.values())"),
    CodeRecipe("get the value for '{w}' in {d}", "look up '{w}' in the dict {d}", "{d}['{w}']"),
    CodeRecipe("set '{w}' to {n} in {d}", "store {n} under '{w}' in {d}", "{d}['{w}'] = {n}"),
    CodeRecipe("delete '{w}' from {d}", "remove the key '{w}' of {d}", "del {d}['{w}']"),
    CodeRecipe("check if {d} has the key '{w}'", "test whether '{w}' is a key of {d}", "'{w}' in {d}"),
    CodeRecipe(
      "print the keys and values of {d}", "show each pair of {d}", "for k, v in {d}.items(): print(k, v)"),
    CodeRecipe("get a dict of {xs} and {ys}", "map {xs} to {ys}", "dict(zip({xs}, {ys}))"),
    CodeRecipe("get the sorted keys of {d}", "list the keys of {d} in order", "sorted({d}.keys())"),
    CodeRecipe("swap {n} and {m}", "let {n} and {m} change places", "{n}, {m} = {m}, {n}"),
    CodeRecipe("add {i} to {n}", "increase {n} by {i}", "{n} += {i}"),
    CodeRecipe("subtract {i} from {n}", "decrease {n} by {i}", "{n} -= {i}"),
    CodeRecipe("multiply {n} by {i} into {r}", "store {n} times {i} in {r}", "{r} = {n} * {i}"),
    CodeRecipe("store the square of {n} in {r}", "compute {n} squared as {r}", "{r} = {n} ** 2"),
    CodeRecipe("store the remainder of {n} by {i} in {r}", "compute {n} modulo {i} as {r}", "{r} = {n} % {i}"),
    CodeRecipe("get a list of the numbers up to {n}", "list the integers below {n}", "list(range({n}))"),
    CodeRecipe("convert {n} to a string", "turn {n} into text", "str({n})"),
    CodeRecipe("get the absolute value of {n}", "get {n} without its sign", "abs({n})"),
    CodeRecipe("check if {n} is even", "test whether {n} is an even number", "{n} % 2 == 0"),
    CodeRecipe(
      "set {r} to the larger of {n} and {m}", "store the maximum of {n} and {m} in {r}", "{r} = max({n}, {m})"),
  ]
}
