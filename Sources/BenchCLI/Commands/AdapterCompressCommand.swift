import PEFTBench
import PEFTCore
import PEFTMethods

extension AdapterCommand {
  static let compress = Command(
    name: "adapter compress",
    summary: "Write an adapter in few bytes: its largest values as signs (ComPEFT), or rounded.",
    discussion: [
      "Keeps the --keep share of all values that has the largest magnitudes, and of each only its sign. All get the same "
        + "magnitude: --alpha times the standard deviation of all values (ComPEFT), or the mean magnitude of those that are kept (--alpha mean). "
        + "--alpha none keeps the values themselves. Positions are Golomb-coded, or two masks of one bit a value. --codec "
        + "int8 rounds all values to bytes; bf16 and float16 write a safetensors file that PEFT loads.",
      "What no training changes (VeRA's shared projections, singular vectors, positions of entries) is left out where a seed "
        + "draws it again, and else kept as it is in a file of its own beside the compressed values.",
      "IA3's values are compressed as differences from one, all others as they are, and not as differences from what they "
        + "started from: of virtual tokens and prefixes, whose start is drawn, what is left out becomes zero. Compress the vector "
        + "of such an adapter (adapter combine without an origin) to keep its start. What stands in the place of the model's own "
        + "values is refused where values would be left out: LN tuning, trained tokens, DoRA's lengths, whole modules. So are "
        + "HRA and RoAd.",
      "The compressed adapter is loaded "
        + "wherever a saved adapter is; other programs get it back with --codec float32. Of a LoRA both factors are "
        + "compressed, so that alpha acts twice on their product.",
    ],
    positionals: [PositionalSpec(name: "DIR", help: "The saved adapter.")],
    options: [
      NewAdapterFolder.option,
      OptionSpec(
        long: "keep", valueName: "X", help: "Share of the values that is kept, such as 0.1; all unless given."),
      OptionSpec(
        long: "alpha", valueName: "X", help: "The magnitude in standard deviations, or mean or none; 1 unless given."),
      OptionSpec(
        long: "codec", valueName: "NAME", choices: ["golomb", "bitmask", "int8", "bf16", "float16", "float32"],
        help: "How values are written; golomb unless given."),
      .json,
    ],
    examples: [
      .init(
        line: "peft-bench adapter compress DIR --to DIR-small --keep 0.1", meaning: "A tenth of the values, as signs."),
      .init(line: "peft-bench adapter compress DIR --to DIR-bf16 --codec bf16", meaning: "In half precision."),
    ],
    run: { arguments, console in
      let target = try NewAdapterFolder.path(arguments)
      let file = try AdapterFile.open(arguments.positional("DIR") ?? "")
      let codec = arguments.value("codec") ?? "golomb"
      let keep = try arguments.number("keep")
      if let keep, !(keep >= 0.001 && keep <= 1) { throw arguments.error("--keep: expected from 0.001 to 1") }
      let isSparse = ["golomb", "bitmask"].contains(codec)
      if !isSparse, keep != nil || arguments.value("alpha") != nil {
        throw arguments.error("--keep and --alpha go with golomb and bitmask; \(codec) keeps all values")
      }
      let arrays = try file.trainedArrays()
      let storage: AdapterFile.Storage
      switch codec {
      case "bf16": storage = .safetensors(.bfloat16)
      case "float16": storage = .safetensors(.float16)
      case "float32": storage = .safetensors(.float32)
      case "int8":
        storage = .compressed(CompressedTensors(roundingToBytes: arrays, isAroundOne: file.isFactor))
      default:
        let compressed = try CompressedAdapter(
          file, keeping: keep ?? 1, as: try magnitude(arguments),
          codec: codec == "golomb" ? .sparseGolomb : .sparseMask)
        storage = .compressed(compressed.tensors)
      }
      try file.write(to: target, as: storage)
      let report = try CompressionReport(arrays, written: try AdapterFile.open(target), storage: storage)
      if arguments.flag("json") {
        var json = report.json
        json["path"] = JSONValue(target)
        json["codec"] = JSONValue(codec)
        console.print(json: json)
      } else {
        report.print(titled: "\(target), \(codec)", to: console)
      }
      return .done
    })

  private static func magnitude(_ arguments: ParsedArguments) throws -> SparseVector.Magnitude {
    switch arguments.value("alpha") {
    case "mean": return .mean
    case "none": return .own
    case let text? where Double(text) == nil:
      let guess = NearestName.of(text, among: ["mean", "none"]).map { "; did you mean \($0)?" } ?? ""
      throw arguments.error("--alpha: expected more than 0, mean or none, found \(text.debugDescription)\(guess)")
    default:
      let alpha = try arguments.number("alpha") ?? 1
      guard alpha > 0, alpha <= 1e6 else { throw arguments.error("--alpha: expected more than 0, mean or none") }
      return .deviation(alpha: alpha)
    }
  }
}

/// What compressing an adapter saved, and lost.
private struct CompressionReport {
  let count: Int
  let kept: Int
  let magnitude: Float?
  /// Bytes of all files of values, with those of what no training changes.
  let fileBytes: Int
  /// Bytes of the files without that, to which sizes in float16 and float32 are compared.
  let trainedBytes: Int
  /// Bytes of the values alone; nil for a safetensors file.
  let valueBytes: Int?
  /// Bits for each value that no code could do without, at this share of kept ones.
  let entropy: Double?
  /// Norm of what was lost, over that of all values (IA3: of their differences from one).
  let error: Double

  init(_ before: [AdapterArray], written: AdapterFile, storage: AdapterFile.Storage) throws {
    let after = Dictionary(try written.arrays().map { ($0.key, $0.values) }) { first, _ in first }
    count = before.reduce(0) { $0 + $1.values.count }
    var (lost, all) = (0.0, 0.0)
    for array in before {
      let neutral: Float = written.isFactor(array.key) ? 1 : 0
      for (old, new) in zip(array.values, after[array.key] ?? []) {
        lost += Double(old - new) * Double(old - new)
        all += Double(old - neutral) * Double(old - neutral)
      }
    }
    error = all > 0 ? (lost / all).squareRoot() : 0
    let values = AdapterFile.files(in: written.path).filter { !$0.hasSuffix(".json") }
    fileBytes = try values.reduce(0) { $0 + (try MemoryMappedFile(path: $1).count) }
    guard case .compressed(let tensors) = storage else {
      trainedBytes = fileBytes - written.fixedByteCount
      (kept, magnitude, valueBytes, entropy) = (count, nil, nil, nil)
      return
    }
    trainedBytes = tensors.serialized.count
    (kept, magnitude, valueBytes) = (tensors.keptCount, tensors.magnitude, tensors.valueBytes)
    let share = Double(kept) / Double(max(1, count))
    entropy = magnitude == nil || kept == 0 ? nil : SparseEntropy.bitsPerValue(keeping: share)
  }

  /// Bytes of the trained values at a width, over those that are written.
  private func ratio(_ bytesPerValue: Int) -> Double { Double(bytesPerValue * count) / Double(max(1, trainedBytes)) }

  private var bitsPerValue: Double { 8 * Double(valueBytes ?? trainedBytes) / Double(max(1, count)) }

  var json: JSONValue {
    [
      "parameters": JSONValue(count), "kept": JSONValue(kept), "magnitude": JSONValue(magnitude),
      "bytes": JSONValue(fileBytes), "trained_bytes": JSONValue(trainedBytes),
      "value_bytes": JSONValue(valueBytes), "bits_per_value": JSONValue(bitsPerValue),
      "entropy_bits": JSONValue(entropy), "ratio_to_float16": JSONValue(ratio(2)),
      "ratio_to_float32": JSONValue(ratio(4)),
      "relative_error": JSONValue(error),
    ]
  }

  func print(titled title: String, to console: Console) {
    var table = TextTable([.init(title: title), .init(title: "", isNumber: true)])
    table.add(["trained values", Format.count(Double(count))])
    table.add(["kept", "\(Format.count(Double(kept))) (\(Format.percent(Double(kept) / Double(max(1, count)))) %)"])
    if let magnitude { table.add(["magnitude of each", "\(magnitude)"]) }
    table.add(["file of these", Format.bytes(Double(trainedBytes))])
    if fileBytes != trainedBytes { table.add(["with what is not trained", Format.bytes(Double(fileBytes))]) }
    table.add(["bits for each value", Format.decimal(bitsPerValue, digits: 4)])
    if let entropy { table.add(["least possible", Format.decimal(entropy, digits: 4)]) }
    for (name, bytes) in [("float16", 2), ("float32", 4)] {
      table.add(["trained values, smaller than \(name)", "\(Format.decimal(ratio(bytes), digits: 1)) times"])
    }
    table.add(["lost, by norm", "\(Format.percent(error)) %"])
    table.print(to: console)
  }
}
