/// Name lists with the order that CPython 3.11 gives their sets under PYTHONHASHSEED=0.
enum CPythonSetOrders {
  static let all: [([String], [String])] = [
    (
      ["0", "bar"],
      ["0", "bar"]
    ),
    (
      ["foo", "total"],
      ["foo", "total"]
    ),
    (
      ["largest_value", "baz", "lst"],
      ["baz", "largest_value", "lst"]
    ),
    (
      ["key", "bar", "i", "baz"],
      ["key", "baz", "i", "bar"]
    ),
    (
      ["a", "lst", "1", "foo", "0"],
      ["0", "a", "lst", "1", "foo"]
    ),
    (
      ["self", "line", "lst", "foo", "foo", "lst"],
      ["self", "line", "lst", "foo"]
    ),
    (
      ["größe", "key", "total", "0", "key", "total", "count", "größe", "index"],
      ["key", "count", "0", "größe", "index", "total"]
    ),
    (
      ["a", "value", "tmp", "i", "result", "tmp", "bar", "b", "'s'", "tmp", "a", "1", "lst", "baz"],
      ["bar", "baz", "tmp", "i", "b", "'s'", "a", "value", "1", "lst", "result"]
    ),
    (
      [
        "index", "größe", "line", "漢字", "größe", "index", "bar", "😀", "total", "largest_value", "x", "b", "total",
        "lst", "self", "1", "value", "漢字", "tmp", "key", "'s'", "漢字", "count", "größe", "bar",
      ],
      [
        "key", "x", "bar", "self", "count", "😀", "largest_value", "b", "tmp", "'s'", "lst", "größe", "1", "value",
        "index", "total", "line", "漢字",
      ]
    ),
  ]
}
