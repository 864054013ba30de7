public import Foundation
public import PEFTCore

/// A folder of golden values under `Tests/Fixtures`, made by the scripts in `scripts/golden`.
///
/// Its reader of tensor files is its own, so that a mistake in the product's reader cannot hide itself.
public struct GoldenFixture: Sendable {
  /// The folder itself.
  public let folder: URL

  /// Names the folder `path` of `Tests/Fixtures`, such as `methods/lora-llama`.
  public init(_ path: String) {
    folder = Self.root.appendingPathComponent(path, isDirectory: true)
  }

  /// The folder `Tests/Fixtures` of the sources that were built.
  public static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures", isDirectory: true)

  /// The folder of the package whose sources were built.
  public static let package = root.deletingLastPathComponent().deletingLastPathComponent()

  /// The names of the folders in `Tests/Fixtures/<topic>`, sorted.
  public static func names(in topic: String) -> [String] {
    let topicFolder = root.appendingPathComponent(topic, isDirectory: true)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: topicFolder.path)) ?? []
    return names.filter { !$0.contains(".") }.sorted()
  }

  /// The file `name` of the folder.
  public func url(_ name: String) -> URL { folder.appendingPathComponent(name) }

  /// Reads a JSON file of the folder.
  public func json(_ name: String) throws -> DocumentValue {
    try JSONParser.parse(DocumentText(name: url(name).path, bytes: [UInt8](Data(contentsOf: url(name)))))
  }

  /// Reads a safetensors file of the folder.
  public func tensors(_ name: String) throws -> GoldenTensors {
    try GoldenTensors(bytes: [UInt8](Data(contentsOf: url(name))), file: url(name).path)
  }
}

/// What is wrong with a fixture.
public struct GoldenFixtureError: Error, CustomStringConvertible {
  /// File and fault.
  public let description: String
}

/// The tensors of one safetensors file: F32, F16 and BF16 as floats, I64 and U8 as integers.
public struct GoldenTensors: Sendable {
  /// Shape and values, in row-major order, of each tensor of floats.
  public let floats: [String: (shape: [Int], values: [Float])]
  /// Values of each tensor of integers.
  public let integers: [String: [Int]]
  private let file: String

  /// All names, sorted.
  public var names: [String] { (Array(floats.keys) + integers.keys).sorted() }

  /// Reads the bytes of a safetensors file; `file` is what messages call it.
  public init(bytes: [UInt8], file: String) throws {
    func fault(_ what: String) -> GoldenFixtureError { GoldenFixtureError(description: "\(file): \(what)") }
    guard bytes.count >= 8 else { throw fault("too short for a safetensors file") }
    let headerLength = Self.littleEndian(bytes[..<8])
    guard headerLength <= UInt64(bytes.count - 8) else { throw fault("the header is longer than the file") }
    let dataStart = 8 + Int(headerLength)
    let header = try JSONParser.parse(DocumentText(name: file, bytes: Array(bytes[8..<dataStart])))
    var floats: [String: (shape: [Int], values: [Float])] = [:]
    var integers: [String: [Int]] = [:]
    for member in header.object?.members ?? [] where member.key != "__metadata__" {
      let entry = member.value.object
      guard let type = entry?["dtype"]?.string,
        let shape = entry?["shape"]?.array?.compactMap(\.integer),
        let span = entry?["data_offsets"]?.array?.compactMap(\.integer),
        span.count == 2, 0 <= span[0], span[0] <= span[1], span[1] <= bytes.count - dataStart
      else { throw fault("no valid entry for \(member.key)") }
      let content = bytes[(dataStart + span[0])..<(dataStart + span[1])]
      let count: Int
      switch type {
      case "F32":
        floats[member.key] = (shape, Self.elements(content, width: 4).map { Float(bitPattern: UInt32($0)) })
        count = content.count / 4
      case "BF16":
        floats[member.key] = (shape, Self.elements(content, width: 2).map { Float(bitPattern: UInt32($0) << 16) })
        count = content.count / 2
      case "F16":
        floats[member.key] = (shape, Self.elements(content, width: 2).map { Self.half(UInt16($0)) })
        count = content.count / 2
      case "I64":
        integers[member.key] = Self.elements(content, width: 8).map { Int(Int64(bitPattern: $0)) }
        count = content.count / 8
      case "U8":
        integers[member.key] = content.map(Int.init)
        count = content.count
      default: throw fault("\(member.key) is \(type), expected F32, F16, BF16, I64 or U8")
      }
      guard count == shape.reduce(1, *) else { throw fault("\(member.key) has \(count) elements, not \(shape)") }
    }
    self.floats = floats
    self.integers = integers
    self.file = file
  }

  /// The shape and values of the floats called `name`.
  public func tensor(_ name: String) throws -> (shape: [Int], values: [Float]) {
    guard let tensor = floats[name] else { throw missing(name) }
    return tensor
  }

  /// The integers called `name`.
  public func integers(_ name: String) throws -> [Int] {
    guard let values = integers[name] else { throw missing(name) }
    return values
  }

  /// The floats whose names begin with `prefix`, under the rest of their names, sorted by name.
  public func tensors(under prefix: String) -> [(name: String, shape: [Int], values: [Float])] {
    floats.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
      .map { (String($0.key.dropFirst(prefix.count)), $0.value.shape, $0.value.values) }
  }

  private func missing(_ name: String) -> GoldenFixtureError {
    GoldenFixtureError(description: "\(file): no tensor \(name) among \(names.joined(separator: ", "))")
  }

  private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func elements(_ bytes: ArraySlice<UInt8>, width: Int) -> [UInt64] {
    stride(from: bytes.startIndex, to: bytes.endIndex - width + 1, by: width).map {
      littleEndian(bytes[$0..<$0 + width])
    }
  }

  /// Widens a finite half; the multiplication sets the exponent's bias right, for subnormals too.
  private static func half(_ bits: UInt16) -> Float {
    let magnitude = Float(bitPattern: UInt32(bits & 0x7FFF) << 13) * 0x1p112
    return bits & 0x8000 == 0 ? magnitude : -magnitude
  }
}
