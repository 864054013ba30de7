/// Dates and times as people write them, and as Python's `str` gives them.
///
/// The calendar is the Gregorian one, also before it was introduced (ISO 8601).
enum CalendarText {
  private static let secondsPerDay: Int64 = 86_400

  /// `2024-05-01`, from the days since 1970-01-01.
  static func date(day: Int64) -> String {
    // Howard Hinnant, "chrono-compatible low-level date algorithms": years begin in March, eras have 400 years.
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let march = (5 * dayOfYear + 2) / 153
    let dayOfMonth = dayOfYear - (153 * march + 2) / 5 + 1
    let month = march < 10 ? march + 3 : march - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return "\(year < 0 ? "-" : "")\(padded(abs(year), to: 4))-\(padded(month, to: 2))-\(padded(dayOfMonth, to: 2))"
  }

  /// `13:45:00` or `13:45:00.250000`, from units since midnight; nil for what is not a time of a day.
  static func time(_ units: Int64, perSecond: Int64) -> String? {
    guard units >= 0, units / perSecond < secondsPerDay else { return nil }
    let seconds = units / perSecond
    let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded($0, to: 2) }.joined(separator: ":")
    return clock + fraction(units % perSecond, perSecond: perSecond)
  }

  /// `2024-05-01 13:45:00`, with `+00:00` for an instant in UTC, from units since 1970-01-01 00:00.
  static func timestamp(_ units: Int64, perSecond: Int64, isUTC: Bool) -> String {
    let perDay = perSecond * secondsPerDay
    let rest = units % perDay
    // Rounded down, so that what precedes 1970 has its time of day too.
    let day = units / perDay - (rest < 0 ? 1 : 0)
    let clock = time(rest < 0 ? rest + perDay : rest, perSecond: perSecond) ?? ""
    return "\(date(day: day)) \(clock)\(isUTC ? "+00:00" : "")"
  }

  /// The part of a second: nothing, six digits, or nine where six do not do.
  private static func fraction(_ units: Int64, perSecond: Int64) -> String {
    guard units > 0 else { return "" }
    let nanoseconds = units * (1_000_000_000 / perSecond)
    return "."
      + (nanoseconds % 1_000 == 0 ? padded(nanoseconds / 1_000, to: 6) : padded(nanoseconds, to: 9))
  }

  private static func padded(_ value: Int64, to width: Int) -> String {
    let digits = "\(value)"
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
