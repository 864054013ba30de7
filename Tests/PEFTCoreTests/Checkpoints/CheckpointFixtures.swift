import Foundation
import PEFTTestSupport
import Testing

/// The folder of fixtures, `Tests/Fixtures`.
let fixtures = GoldenFixture.root

/// Runs `body` with the path of a new empty folder, which is removed afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("peft-bench-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

/// Writes bytes to a new file and runs `body` with its path.
func withFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
  try withTemporaryFolder { folder in
    let path = folder + "/file"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return try body(path)
  }
}

/// The bytes that a text of hexadecimal digits stands for.
func bytes(hexadecimal text: String) -> [UInt8] {
  let digits = text.utf8.map { $0 < 0x40 ? $0 - 0x30 : ($0 | 0x20) - 0x61 + 10 }
  return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// Little-endian bytes of an integer.
func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

/// The values that the fixtures' tensors hold: element i is i/2 - 1.
func ramp(_ count: Int) -> [Float] { (0..<count).map { Float($0) / 2 - 1 } }

/// Reads a file in thousands of damaged versions: cut short anywhere, and with bytes of its head changed.
///
/// The reader may succeed or throw an error that names the file; anything else ends the test process.
func expectNoCrash(_ valid: [UInt8], headBytes: Int, read: (String) throws -> Void) throws {
  try withTemporaryFolder { folder in
    var attempts = 0
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    func random(below bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    func attempt(_ bytes: [UInt8]) throws {
      // A new name each time: rewriting a file makes some file systems wait for the disk.
      attempts += 1
      let path = "\(folder)/\(attempts)"
      defer { unlink(path) }
      let file = try #require(fopen(path, "wb"))
      fwrite(bytes, 1, bytes.count, file)
      fclose(file)
      do { try read(path) } catch { #expect("\(error)".contains(path)) }
    }
    for length in 0..<min(headBytes, valid.count) { try attempt(Array(valid[..<length])) }
    for _ in 0..<3000 {
      var bytes = valid
      for _ in 0...random(below: 3) {
        let position = random(below: min(headBytes, bytes.count))
        bytes[position] =
          [UInt8(0), 0x7F, 0x80, 0xFF, bytes[position] ^ 1 << UInt8(random(below: 8))][random(below: 5)]
      }
      try attempt(bytes)
    }
  }
}
