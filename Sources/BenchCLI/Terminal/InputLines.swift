import Foundation

/// The lines of standard input, ended by a line feed and by nothing else.
///
/// `readLine` would take a carriage return off the end too, which is a character that a tokenizer sees.
struct InputLines: Sequence, IteratorProtocol {
  private var bytes: [UInt8] = []
  private var start = 0
  private var searched = 0
  private var hasEnded = false

  mutating func next() -> String? {
    while true {
      if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer {
          start = end + 1
          searched = start
        }
        return String(decoding: bytes[start..<end], as: UTF8.self)
      }
      if hasEnded { break }
      bytes.removeFirst(start)
      start = 0
      searched = bytes.count
      fill()
    }
    guard start < bytes.count else { return nil }
    defer {
      start = bytes.count
      searched = start
    }
    return String(decoding: bytes[start...], as: UTF8.self)
  }

  private mutating func fill() {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var count = read(STDIN_FILENO, &buffer, buffer.count)
    while count < 0, errno == EINTR { count = read(STDIN_FILENO, &buffer, buffer.count) }
    hasEnded = count <= 0
    if count > 0 { bytes += buffer[..<count] }
  }
}
