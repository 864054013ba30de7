/// The day that templates take for today.
///
/// It is given, never read from a clock: two renderings of one conversation must not differ.
struct TemplateDate: Sendable {
  var year = 2024
  var month = 7
  var day = 26

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]
  private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

  /// 26 July 2024, which Llama's templates print where there is no clock.
  init() {}

  /// Reads `YYYY-MM-DD`, or returns nil.
  init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].utf8.count == 4, let year = Int(parts[0]), let month = Int(parts[1]),
      let day = Int(parts[2]), 1...9999 ~= year, 1...12 ~= month, 1...Self.days(in: month, of: year) ~= day
    else { return nil }
    self.year = year
    self.month = month
    self.day = day
  }

  private static func days(in month: Int, of year: Int) -> Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }

  /// Day of the week, from Sunday as 0 (Sakamoto's congruence).
  private var weekday: Int {
    let offsets = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4]
    let year = month < 3 ? year - 1 : year
    return (year + year / 4 - year / 100 + year / 400 + offsets[month - 1] + day) % 7
  }

  /// The date in a `strftime` format, at midnight; nil for a directive that is not supported.
  func formatted(_ format: String) -> String? {
    func padded(_ number: Int, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    var result = ""
    var isDirective = false
    for scalar in format.unicodeScalars {
      guard isDirective else {
        if scalar == "%" { isDirective = true } else { result.unicodeScalars.append(scalar) }
        continue
      }
      isDirective = false
      switch scalar {
      case "d": result += padded(day, 2)
      case "m": result += padded(month, 2)
      case "Y": result += padded(year, 4)
      case "y": result += padded(year % 100, 2)
      case "B": result += Self.months[month - 1]
      case "b": result += Self.months[month - 1].prefix(3)
      case "A": result += Self.weekdays[weekday]
      case "a": result += Self.weekdays[weekday].prefix(3)
      case "H", "M", "S": result += "00"
      case "j": result += padded((1..<month).reduce(day) { $0 + Self.days(in: $1, of: year) }, 3)
      case "%": result += "%"
      default: return nil
      }
    }
    return isDirective ? nil : result
  }
}
