import Foundation
import PEFTBench
import PEFTCore
import PEFTMethods
import Reporting

extension AdapterCommand {
  static let similarity = Command(
    name: "adapter similarity", summary: "Cosines between saved adapters, or what they gained since their origins.",
    discussion: [
      "Prints the matrix of cosines over all values, for prompts also over the mean of their tokens, and as a control "
        + "those of values in random order: what chance gives. With --vectors the origin of each adapter is taken off first.",
      "A results folder with a file \(SimilarityMaps.fileName), as --json prints it, has the matrices in its report.",
      "Adapters must have the same tensors. NAME=DIR gives a folder a name; otherwise it is the folder's or its run's.",
    ],
    positionals: [
      PositionalSpec(name: "ADAPTER", help: "A saved adapter, or NAME=DIR.", isRepeated: true)
    ],
    options: [
      OptionSpec(long: "vectors", help: "Compare what adapters gained since their origins, not their values."),
      OptionSpec(
        long: "origin", valueName: "DIR",
        help: "What all adapters started from: a folder, or neutral; what each says unless given."),
      OptionSpec(long: "permutations", valueName: "N", help: "Random orders for each pair; 20 unless given."),
      OptionSpec(long: "seed", valueName: "N", help: "What these are drawn by; 0 unless given."),
      OptionSpec(
        long: "figure", valueName: "FILE.svg",
        help: "Draw the matrices too, with their numbers as CSV beside them."),
      AdapterBase.option, .threads, .json,
    ],
    examples: [
      .init(line: "peft-bench adapter similarity a=DIR b=DIR c=DIR --vectors", meaning: "Task vectors."),
      .init(line: "peft-bench adapter similarity DIR DIR --json", meaning: "As JSON."),
    ],
    run: { arguments, console in
      let adapters = try arguments.positionals("ADAPTER").map { text -> (name: String, file: AdapterFile) in
        if !FileManager.default.fileExists(atPath: text), let split = text.firstIndex(of: "="), split != text.startIndex
        {
          return (String(text[..<split]), try AdapterFile.open(String(text[text.index(after: split)...])))
        }
        return (name(of: text), try AdapterFile.open(text))
      }
      if let twice = adapters.map(\.name).first(where: { name in adapters.count { $0.name == name } > 1 }) {
        throw arguments.error("two adapters are called \(twice): give them names of their own, as in \(twice)2=DIR")
      }
      guard adapters.count > 1 else { throw arguments.error("expected two adapters or more") }
      let base = try AdapterBase(arguments)
      let origins = base.origins(common: arguments.value("origin"))
      let takesOff = arguments.flag("vectors") || arguments.value("origin") != nil
      let first = adapters[0].file
      for adapter in adapters.dropFirst() { try adapter.file.checkFixedTensors(against: first) }
      let similarity = try AdapterSimilarity(
        try adapters.map { (name: $0.name, values: first.trained(try $0.file.arrays())) },
        origins: takesOff ? try adapters.map { first.trained(try origins.offset(of: $0.file)) } : nil,
        permutations: try arguments.integer("permutations", in: 0...100_000) ?? 20,
        seed: try arguments.integer("seed", in: Int.min...Int.max) ?? 0)
      if let path = arguments.value("figure"), let maps = SimilarityMaps(json(similarity, ofVectors: takesOff)) {
        let files = try maps.write(to: path)
        console.note("\(files.joined(separator: ", ")) are written.")
      }
      if arguments.flag("json") {
        console.print(json: json(similarity, ofVectors: takesOff))
      } else {
        show(similarity.flattened, of: similarity.names, titled: "cosine of all values", on: console)
        if let means = similarity.tokenMean {
          console.print("")
          show(means, of: similarity.names, titled: "cosine of token means", on: console)
        }
        let (mean, deviation) = similarity.control
        console.print(
          "\nin random order: \(Format.decimal(mean, digits: 3)) ± \(Format.decimal(deviation, digits: 3))"
            + (takesOff ? "; origins are taken off" : "; origins are included (--vectors)"))
      }
      return .done
    })

  /// What an adapter without a name is called: its folder, or its run's where that is only `adapter`.
  private static func name(of folder: String) -> String {
    let url = URL(filePath: folder).standardizedFileURL
    return (url.lastPathComponent == "adapter" ? url.deletingLastPathComponent() : url).lastPathComponent
  }

  private static func show(_ matrix: [[Double?]], of names: [String], titled title: String, on console: Console) {
    var table = TextTable([.init(title: title)] + names.map { .init(title: $0, isNumber: true) })
    for (name, row) in zip(names, matrix) { table.add([name] + row.map { Format.decimal($0, digits: 3) }) }
    table.print(to: console)
  }

  private static func json(_ similarity: AdapterSimilarity, ofVectors: Bool) -> JSONValue {
    func rows(_ matrix: [[Double?]]) -> JSONValue { .array(matrix.map { .array($0.map { JSONValue($0) }) }) }
    return [
      "adapters": JSONValue(similarity.names), "vectors": .bool(ofVectors), "flattened": rows(similarity.flattened),
      "token_mean": similarity.tokenMean.map(rows) ?? .null,
      "control": [
        "mean": JSONValue(similarity.control.mean), "deviation": JSONValue(similarity.control.deviation),
      ],
    ]
  }
}
