import PEFTBench
import PEFTCore

/// Writes event files that TensorBoard opens: a folder a run with its losses by step, its scores and its costs.
enum TensorBoardExport {
  static func write(_ report: Report, to folder: String) throws -> [String] {
    var files: [String] = []
    var names = ExportNames()
    for suite in report.suites.map(\.results) {
      for method in suite.methods.indices {
        for run in suite.cells[method].flatMap(\.runs) {
          let parts = [suite.suite, run.dataset, suite.methods[method].title, "seed-\(run.seed)"].map {
            FileLabel.of($0)
          }
          let place = names.unique(parts.joined(separator: "/"), run: run.id)
          let exported = try ExportedRun(run)
          let name = "\(place)/events.out.tfevents.\(Int(exported.start)).peft-bench"
          try AtomicFile.makeFolder("\(folder)/\(place)")
          try AtomicFile.write(events(of: run, exported), to: "\(folder)/\(name)")
          files.append(name)
        }
      }
    }
    return files
  }

  /// The records of one event file.
  private static func events(of run: ReportedRun, _ exported: ExportedRun) -> [UInt8] {
    let start = exported.start
    var bytes = TFRecord.framed(ProtobufMessage.event(time: start, step: 0, version: "brain.Event:2"))
    for step in exported.steps {
      let values = step.values.map { ($0.name, $0.value) }
      bytes += TFRecord.framed(ProtobufMessage.event(time: step.time, step: step.number, values: values))
    }
    let last = exported.steps.map(\.number).max() ?? 0
    var values = run.scores.map { ("score/\($0.name)", $0.value) }
    if let rate = run.invalidRate { values.append(("score/invalid_rate", rate)) }
    if let pscp = run.penalties?.value { values.append(("score/pscp", pscp)) }
    values += [
      ("cost/trainable_parameters", run.costs.trainableParameters),
      ("cost/added_inference_flops", run.costs.addedFLOPs),
      ("cost/peak_tensor_bytes", run.costs.tensorBytes.total),
    ]
    let end = start + (run.costs.trainingSeconds ?? 0) + (run.costs.evaluationSeconds ?? 0)
    return bytes + TFRecord.framed(ProtobufMessage.event(time: end, step: last, values: values))
  }
}

/// The framing of TensorFlow's record files: length and content, each with its masked CRC-32C.
enum TFRecord {
  static func framed(_ content: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(content.count))
    return length + littleEndian(maskedChecksum(length)) + content + littleEndian(maskedChecksum(content))
  }

  /// The checksum is turned and shifted, since a CRC over data that holds its own CRC is a poor one.
  static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
    let crc = checksum(bytes)
    return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
  }

  /// CRC-32C (Castagnoli; RFC 3720, appendix B.4): the reflected polynomial 0x82F63B78.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(0xFFFF_FFFF as UInt32) { crc, byte in crc >> 8 ^ table[Int((crc ^ UInt32(byte)) & 0xFF)] }
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
  }

  private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}

/// A message in protobuf's wire form, written field by field.
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  /// tensorflow.Event with a version or with simple values: wall_time 1, step 2, file_version 3, summary 5;
  /// Summary.value 1 has tag 1 and simple_value 2.
  static func event(time: Double, step: Int, version: String? = nil, values: [(String, Double)] = []) -> [UInt8] {
    var event = ProtobufMessage()
    event.add(1, double: time)
    if step != 0 { event.add(2, integer: UInt64(bitPattern: Int64(step))) }
    if let version { event.add(3, bytes: Array(version.utf8)) }
    if !values.isEmpty {
      var summary = ProtobufMessage()
      for (tag, number) in values {
        var value = ProtobufMessage()
        value.add(1, bytes: Array(tag.utf8))
        value.add(2, float: Float(number))
        summary.add(1, bytes: value.bytes)
      }
      event.add(5, bytes: summary.bytes)
    }
    return event.bytes
  }

  mutating func add(_ field: Int, integer: UInt64) {
    varint(UInt64(field) << 3)
    varint(integer)
  }

  mutating func add(_ field: Int, double: Double) {
    varint(UInt64(field) << 3 | 1)
    withUnsafeBytes(of: double.bitPattern.littleEndian) { bytes += $0 }
  }

  mutating func add(_ field: Int, bytes content: [UInt8]) {
    varint(UInt64(field) << 3 | 2)
    varint(UInt64(content.count))
    bytes += content
  }

  mutating func add(_ field: Int, float: Float) {
    varint(UInt64(field) << 3 | 5)
    withUnsafeBytes(of: float.bitPattern.littleEndian) { bytes += $0 }
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
