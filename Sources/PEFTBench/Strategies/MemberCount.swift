import PEFTCore

/// How many members a strategy has, and whether somebody said so.
///
/// Where members are trained, ten of them are ten whether they are given or not. Members that were saved are as many as
/// there are: a number that is given must be theirs, and the default is nobody's wish.
package struct MemberCount: Sendable, Equatable {
  /// The number that is given; nil for none.
  package let given: Int?

  /// The number.
  package var value: Int { given ?? Self.usualValue }

  /// The paper's.
  private static let usualValue = 10
  /// More members than anybody waits for.
  private static let most = 1000
  private static let key = "members"

  /// A number that is given; nil for the default.
  package init(_ given: Int? = nil) { self.given = given }

  /// The number as an option, defaults filled in.
  var option: (key: String, value: JSONValue) { (Self.key, .integer(value)) }

  /// Whether `option` is it, and the default.
  func isUnsaid(_ option: (key: String, value: JSONValue)) -> Bool { given == nil && option.key == Self.key }

  /// The number under its key, or this one without it.
  func reading(_ reader: inout OptionReader) throws(DocumentError) -> MemberCount {
    let isGiven = reader.has(Self.key)
    let count = try reader.integer(Self.key, default: value, in: 1...Self.most)
    return isGiven ? MemberCount(count) : self
  }
}
