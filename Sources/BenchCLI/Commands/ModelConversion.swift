import PEFTBench
import PEFTCore
import PEFTMethods

extension ModelCommand {
  static let convert = Command(
    name: "model convert", summary: "Write a model with its linear maps in 4 bits (NF4), the base of QLoRA.",
    discussion: [
      "The maps of the blocks become NF4 with double quantization, in blocks of 64, under the keys that bitsandbytes uses; "
        + "embeddings, norms, biases and the head keep their type. A map whose rows are not whole runs of 32 elements "
        + "keeps its type too, and is named. The file takes 4.13 bits a weight; in memory each run of 32 has its scale as "
        + "float32, which makes 5."
    ],
    positionals: [
      PositionalSpec(name: "PATH", help: "A model's folder with safetensors, or an id in the Hub's cache.")
    ],
    options: [
      OptionSpec(long: "to", valueName: "FORMAT", choices: ["nf4"], help: "What to convert to; nf4 unless given."),
      OptionSpec(long: "output", short: "o", valueName: "DIR", isRequired: true, help: "The folder to write."), .json,
    ],
    examples: [
      .init(
        line: "peft-bench model convert models/x --to nf4 -o models/x-nf4", meaning: "A base for the method qlora."),
      .init(
        line: "peft-bench model convert models/x --to nf4 -o models/x-nf4 --json",
        meaning: "The same, with sizes as JSON."),
    ],
    run: { arguments, console in
      let output = try arguments.required("output")
      let files = try ModelFiles.open(arguments.positional("PATH") ?? "")
      let summary = try ModelQuantizer.writeNF4(files, to: output)
      let bytes = try ModelFiles.open(output).weightBytes(as: .auto)
      if arguments.flag("json") {
        console.print(json: [
          "path": JSONValue(output), "quantized": JSONValue(summary.quantized), "kept": JSONValue(summary.kept),
          "weight_bytes": JSONValue(bytes),
        ])
      } else {
        console.print(
          "\(output): \(files.name) with \(summary.quantized) maps in NF4, \(Format.bytes(Double(bytes))) in memory")
        for site in summary.kept { console.note("note: \(site) keeps its type: its rows are not whole runs of 32") }
      }
      return .done
    })
}
