/// What a value takes, counted through all that it holds: a list that stands in it twice counts twice.
struct TemplateWeight {
  /// Values within values.
  var nodes = 0
  /// Bytes of all texts.
  var bytes = 0
  /// Deepest nesting.
  var depth = 0
}

extension TemplateRenderer {
  /// Deepest nesting of lists and objects.
  static let maximumDepth = 40
  /// Most work of one rendering, as `charge` counts it: well below two seconds.
  static let maximumWork = 8 << 20

  /// Measures a value, and counts the measuring as work.
  ///
  /// A template can put a list into itself again and again, which takes no memory but would take years to print. So what
  /// is made of other values is measured once made, and refused before anything goes through all of it.
  @discardableResult
  mutating func weigh(_ value: TemplateValue) throws(TemplateError) -> TemplateWeight {
    var weight = TemplateWeight()
    try measure(value, depth: 0, &weight)
    try charge(weight)
    return weight
  }

  private func measure(_ value: TemplateValue, depth: Int, _ weight: inout TemplateWeight) throws(TemplateError) {
    weight.nodes += 1
    weight.depth = max(weight.depth, depth)
    switch value {
    case .string(let text): weight.bytes += text.utf8.count
    case .list(let values):
      for value in values { try measure(value, depth: depth + 1, &weight) }
    case .object(let object):
      // Looking a key up goes through those before it.
      weight.nodes += object.keys.count
      for value in object.members { try measure(value, depth: depth + 1, &weight) }
    case .method(let receiver, _): try measure(receiver, depth: depth + 1, &weight)
    default: break
    }
    guard depth <= Self.maximumDepth else { throw error("values are nested too deeply") }
    guard weight.nodes <= 4 * Self.maximumElements, weight.bytes <= Self.maximumBytes else {
      throw error("this value becomes too large")
    }
  }

  /// Counts work in proportion to an amount that is gone through.
  mutating func charge(_ weight: TemplateWeight) throws(TemplateError) {
    try charge(weight.nodes + weight.bytes / 8)
  }

  /// Counts that many units of work, each about a tenth of a microsecond.
  mutating func charge(_ units: Int) throws(TemplateError) {
    work += units
    guard work <= Self.maximumWork else { throw error("rendering takes too much work") }
  }

  /// Refuses operations whose result would be much larger than what they are given, before they make it.
  ///
  /// - Parameters:
  ///   - name: The filter or method.
  ///   - value: What it is applied to.
  ///   - arguments: With what.
  mutating func checkCost(_ name: String, of value: TemplateValue, _ arguments: TemplateCall) throws(TemplateError) {
    let weight = try weigh(value)
    for argument in arguments.positional { try weigh(argument) }
    for argument in arguments.named.members { try weigh(argument) }
    switch name {
    case "tojson":
      let indent = (arguments.value(1, "indent") ?? arguments.named["indent"])?.asInteger ?? 0
      guard 0...64 ~= indent, weight.nodes * (indent * (weight.depth + 1) + 4) <= Self.maximumBytes else {
        throw error("this text becomes too long")
      }
    case "join":
      // The separator is the receiver of the method and the argument of the filter.
      let separators = [value, arguments.positional.first ?? .none].map { separator -> Int in
        if case .string(let text) = separator { text.utf8.count } else { 0 }
      }
      let counts = [value, arguments.positional.first ?? .none].map { list -> Int in
        switch list {
        case .list(let values): values.count
        case .string(let text): text.utf8.count
        default: 0
        }
      }
      let largest = max(
        separators[0].multipliedReportingOverflow(by: counts[1]).partialValue,
        separators[1].multipliedReportingOverflow(by: counts[0]).partialValue)
      guard largest <= Self.maximumBytes else { throw error("this text becomes too long") }
    case "map", "split", "rsplit", "splitlines", "words":
      guard weight.bytes <= 8 * Self.maximumElements else { throw error("this text is too long to be split") }
    case "unique", "sort", "dictsort", "items", "values":
      let count = min(weight.nodes, Self.maximumElements)
      try charge(name == "sort" ? 20 * count : count * count)
    case "indent":
      let width = arguments.value(0, "width")?.asInteger ?? 4
      if case .string(let text) = value, 0...1024 ~= width {
        guard text.utf8.count(where: { $0 == 0x0A }) * width <= Self.maximumBytes else {
          throw error("this text becomes too long")
        }
      }
    default: break
    }
  }
}
