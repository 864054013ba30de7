/// One safetensors file, opened for reading.
///
/// The file is 8 bytes of header length, a JSON header that gives each tensor's type, shape and place, and the
/// tensors' bytes. Everything that the header says is checked on opening, so reading a tensor later cannot
/// fail: the tensors must cover the bytes exactly, without a hole or an overlap.
///
/// - Source: The format's description and reference reader, safetensors 0.8.
public struct SafetensorsFile: Sendable {
  /// Longest header that is read, in bytes; the reference reader has the same limit.
  public static let maximumHeaderBytes = 100_000_000

  /// The path it was opened by.
  public let path: String
  /// The texts under `__metadata__`.
  public let metadata: [String: String]
  /// The tensors in the order of their bytes.
  public let tensors: [SafetensorsTensor]

  private let index: [String: Int]

  /// Opens the file at `path` and checks its header.
  ///
  /// - Throws: `FileError`, `CheckpointError` or, for mistakes in the header's JSON, `DocumentError`.
  public init(path: String) throws { try self.init(try MemoryMappedFile(path: path)) }

  /// Checks the header of a file that is open, or of bytes that are held in its form.
  ///
  /// - Throws: `CheckpointError` or, for mistakes in the header's JSON, `DocumentError`.
  public init(_ file: MemoryMappedFile) throws {
    let path = file.path
    let headerEnd = try Self.headerEnd(of: file)
    guard file.bytes[8] == UInt8(ascii: "{") else {
      throw CheckpointError(file: path, byteOffset: 8, "the header does not start with '{': not a safetensors file")
    }
    let text = DocumentText(name: "header of \(path)", bytes: Array(file.bytes[8..<headerEnd]))
    let header = try JSONParser.parse(text)
    guard let members = header.object?.members else {
      throw CheckpointError(file: path, byteOffset: 8, "the header is \(header.kindName), expected an object")
    }
    var metadata: [String: String] = [:]
    var tensors: [SafetensorsTensor] = []
    for member in members {
      if member.key == "__metadata__" {
        metadata = try Self.metadata(member.value, file: file)
      } else {
        tensors.append(try Self.tensor(member, file: file, dataStart: headerEnd))
      }
    }
    tensors.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    try Self.requireTiling(of: headerEnd..<file.count, by: tensors, path: path)
    self.path = path
    self.metadata = metadata
    self.tensors = tensors
    index = Dictionary(tensors.indices.map { (tensors[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The tensor called `name`, or nil.
  public subscript(name: String) -> SafetensorsTensor? { index[name].map { tensors[$0] } }

  private static func headerEnd(of file: MemoryMappedFile) throws(CheckpointError) -> Int {
    guard file.count >= 8 else {
      throw CheckpointError(
        file: file.path, "has \(file.count) bytes, too few for the header length that a safetensors file starts with")
    }
    let length = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
    guard length <= maximumHeaderBytes else {
      throw CheckpointError(
        file: file.path, byteOffset: 0,
        "the header would be \(length) bytes long, more than \(maximumHeaderBytes): not a safetensors file, or damaged")
    }
    let end = 8 + Int(length)
    guard end <= file.count else {
      throw CheckpointError(
        file: file.path, byteOffset: 0,
        "the header of \(length) bytes reaches beyond the file of \(file.count) bytes: the file is cut short")
    }
    guard length >= 2 else {
      throw CheckpointError(file: file.path, byteOffset: 0, "the header has \(length) bytes, expected a JSON object")
    }
    return end
  }

  private static func metadata(
    _ value: DocumentValue, file: MemoryMappedFile
  ) throws(CheckpointError) -> [String: String] {
    guard let members = value.object?.members else {
      throw CheckpointError(
        file: file.path, byteOffset: 8 + value.offset, "__metadata__ is \(value.kindName), expected an object")
    }
    var metadata: [String: String] = [:]
    for member in members {
      guard let text = member.value.string else {
        throw CheckpointError(
          file: file.path, byteOffset: 8 + member.value.offset,
          "\"\(member.key)\" in __metadata__ is \(member.value.kindName), expected a string")
      }
      metadata[member.key] = text
    }
    return metadata
  }

  private static func tensor(
    _ member: DocumentObject.Member, file: MemoryMappedFile, dataStart: Int
  ) throws(CheckpointError) -> SafetensorsTensor {
    func error(_ message: String, at value: DocumentValue) -> CheckpointError {
      CheckpointError(file: file.path, tensor: member.key, byteOffset: 8 + value.offset, message)
    }
    guard let fields = member.value.object else {
      throw error("described by \(member.value.kindName), expected an object", at: member.value)
    }
    for field in fields.members where !["dtype", "shape", "data_offsets"].contains(field.key) {
      throw error("unknown key \"\(field.key)\", expected dtype, shape and data_offsets", at: field.value)
    }
    guard let typeName = fields["dtype"], let typeText = typeName.string else {
      throw error("dtype is missing or not a string", at: fields["dtype"] ?? member.value)
    }
    guard let type = SafetensorsType(rawValue: typeText) else {
      let known = SafetensorsType.allCases.map(\.rawValue)
      let guess = NearestName.of(typeText, among: known).map { ", did you mean \($0)?" } ?? ""
      throw error("unknown dtype \"\(typeText)\"\(guess)", at: typeName)
    }
    guard let sizes = fields["shape"], let dimensions = sizes.array else {
      throw error("shape is missing or not a list", at: fields["shape"] ?? member.value)
    }
    let shape = try dimensions.map { (size) throws(CheckpointError) -> Int in
      guard case .integer(let size) = size.content, size >= 0 else {
        throw error("a size in shape is \(size.kindName) or negative, expected an integer from 0", at: size)
      }
      return size
    }
    guard let places = fields["data_offsets"], let offsets = places.array, offsets.count == 2,
      case .integer(let begin) = offsets[0].content, case .integer(let end) = offsets[1].content
    else {
      throw error("data_offsets is missing or not a list of two integers", at: fields["data_offsets"] ?? member.value)
    }
    let available = file.count - dataStart
    guard begin >= 0, begin <= end, end <= available else {
      throw error(
        "invalid offsets [\(begin), \(end)], expected 0 <= begin <= end <= \(available), the bytes after the header",
        at: places)
    }
    guard let byteCount = byteCount(of: type, shape: shape) else {
      throw error("shape \(shape) of \(type.rawValue) is too large or does not fill a whole number of bytes", at: sizes)
    }
    guard end - begin == byteCount else {
      throw error(
        "shape \(shape) of \(type.rawValue) takes \(byteCount) bytes, but data_offsets give it \(end - begin)",
        at: places)
    }
    return SafetensorsTensor(
      name: member.key, type: type, shape: shape, file: file, range: dataStart + begin..<dataStart + end)
  }

  /// Bytes of a tensor, or nil if their number does not fit an `Int` or they end inside a byte.
  static func byteCount(of type: SafetensorsType, shape: [Int]) -> Int? {
    var bits = type.bitsPerElement
    for size in shape {
      let (product, overflow) = bits.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      bits = product
    }
    return bits % 8 == 0 ? bits / 8 : nil
  }

  private static func requireTiling(
    of data: Range<Int>, by tensors: [SafetensorsTensor], path: String
  ) throws(CheckpointError) {
    var end = data.lowerBound
    var before = "the header"
    for tensor in tensors {
      let begin = tensor.range.lowerBound
      guard begin == end else {
        let fault = begin < end ? "overlaps" : "leaves a hole after"
        throw CheckpointError(
          file: path, tensor: tensor.name, byteOffset: begin,
          "invalid offset: it \(fault) \(before), which ends at byte \(end)")
      }
      end = tensor.range.upperBound
      before = "tensor \"\(tensor.name)\""
    }
    guard end == data.upperBound else {
      throw CheckpointError(
        file: path, byteOffset: end,
        "\(data.upperBound - end) bytes after \(before) belong to no tensor: the file is not fully covered")
    }
  }
}
