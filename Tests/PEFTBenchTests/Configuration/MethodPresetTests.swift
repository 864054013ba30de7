import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Presets of the methods") struct MethodPresetTests {
  private func configuration(_ text: String) throws -> RunConfiguration {
    try RunConfiguration(ConfigFile.read(DocumentText(name: "run.yaml", bytes: Array(text.utf8))))
  }

  private static let tiny = GoldenFixture("models/llama").folder.path

  @Test("The table that is built in is configs/methods.yaml") func copy() throws {
    let root = GoldenFixture.package
    let table = try Data(contentsOf: root.appending(path: "configs/methods.yaml"))
    #expect(MethodPresets.builtInText.bytes == Array(table))
  }

  @Test("Every size has values for every method that is tuned, and they are valid")
  func complete() throws {
    // What a method must be told cannot come from a table.
    let tuned = MethodRegistry.names.filter { name in
      !["none", "full", "combined"].contains(name)
        && MethodConfiguration.options(ofMethod: name)?.contains { $0.isRequired } == false
    }
    for size in try MethodPresets.builtIn().sizes {
      let run = try configuration("model: m\npresets: \(size.name)\nmethods: [\(tuned.joined(separator: ", "))]")
      for method in run.methods {
        #expect(method.preset == size.name, "\(method.name)")
        #expect(
          method.training.learningRate != TrainingConfiguration().learningRate
            || size.values(of: method.name)?
              .contains { $0.key == "learning_rate" } == true
        )
      }
    }
  }

  @Test("The values are in the resolved config, which needs no presets any more") func resolved() throws {
    let run = try configuration("model: m\npresets: 100M\nmethods: [lora, prompt-tuning, full]")
    #expect(run.methods.map(\.preset) == ["100M", "100M", nil])
    let resolved = run.resolvedJSON
    let again = try RunConfiguration(
      ConfigFile.read(DocumentText(name: "run.json", bytes: Array(resolved.prettyText.utf8))))
    #expect(again.resolvedJSON == resolved && again.methods.allSatisfy { $0.preset == nil })
    #expect(again.methods[1].entry.options["init"]?.string == "text")
  }

  @Test("A table's epochs and warm-up give way to training's steps") func units() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "presets-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let table = folder.appending(path: "table.yaml")
    try Data(
      """
      sizes:
      - {name: 1M, parameters: 1e6, methods: [{name: ia3, learning_rate: 0.1, epochs: 4, warmup_ratio: 0.3}]}

      """.utf8
    ).write(to: table)
    let presets = "presets: {size: 1M, file: \(table.path)}"
    let own = try configuration("model: m\n\(presets)\nmethods: [ia3]").methods[0].training
    #expect(own.learningRate == 0.1 && own.epochs == 4 && own.warmupRatio == 0.3)
    let training = try configuration(
      "model: m\n\(presets)\nmethods: [ia3]\ntraining: {max_steps: 7, warmup_steps: 2}"
    ).methods[0].training
    #expect(training.learningRate == 0.1 && training.steps == 7 && training.warmupSteps == 2)
  }

  @Test("A method without a preset is said to have the default learning rate, unless one is given") func missing()
    throws
  {
    let run = try configuration(
      "model: m\npresets: 100M\nmethods: [lora, full, {name: full, learning_rate: 1e-5}, {name: full, label: x, steps: 0}]"
    )
    #expect(run.methods.map { $0.rateNote != nil } == [false, true, false, false])
    #expect(
      run.methods[1].rateNote == "presets have no values of full for 100M, so that it is trained with the default "
        + "learning_rate of 0.001; give it one")
    let given = try configuration("model: m\npresets: 100M\ntraining: {learning_rate: 1e-4}\nmethods: [full]")
    #expect(given.methods[0].rateNote == nil)
    #expect(try configuration("model: m\nmethods: [full]").methods[0].rateNote == nil)
  }

  @Test("What the entry or training says wins, and an entry with a learning rate is left alone") func precedence()
    throws
  {
    let run = try configuration(
      """
      model: m
      presets: 100M
      methods:
      - {name: lora, r: 2}
      - {name: lora, learning_rate: 7e-3}
      - {name: prefix_tuning, projection: true}
      """)
    #expect(run.methods[0].entry.options["r"]?.integer == 2 && run.methods[0].entry.options["rank"] == nil)
    #expect(run.methods[0].entry.options["alpha"] != nil && run.methods[0].preset == "100M")
    #expect(run.methods[1].training.learningRate == 7e-3 && run.methods[1].preset == nil)
    #expect(run.methods[1].entry.options["alpha"] == nil)
    #expect(run.methods[2].entry.options["init_text"] == nil && run.methods[2].entry.options["tokens"] != nil)
    let common = try configuration("model: m\npresets: 100M\ntraining: {learning_rate: 0.25}\nmethods: [lora]")
    #expect(common.methods[0].training.learningRate == 0.25 && common.methods[0].entry.options["alpha"] != nil)
  }

  @Test("auto takes the size that is nearest to the model's") func auto() throws {
    let table = try MethodPresets.builtIn()
    #expect(table.nearest(to: 1_449_600)?.name == "1M")
    #expect(table.nearest(to: 134_515_008)?.name == "100M")
    #expect(table.nearest(to: 8_030_261_248)?.name == "1B")
    #expect(table.nearest(to: 1_500_000_000)?.name == "1B")
    let run = try configuration("model: \(Self.tiny)\npresets: auto\nmethods: [lora]")
    #expect(run.methods[0].preset == table.sizes[0].name)
    let llama8B = GoldenFixture("configs/llama-3-8b").folder.path
    let error = #expect(throws: DocumentError.self) {
      try configuration("models: [\(Self.tiny), \(llama8B)]\npresets: auto\nmethods: [lora]")
    }
    #expect(error?.description.contains("run.yaml:2:10: presets: the models are of different sizes (llama: ") == true)
  }

  @Test("A table of one's own, and mistakes in it, are located") func ownTable() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "presets-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "own.yaml").path
    func with(_ table: String) throws -> RunConfiguration {
      try AtomicFile.write(table, to: path)
      return try configuration("model: m\npresets: {size: mine, file: \(path)}\nmethods: [ia3]")
    }
    let good = "sizes:\n- name: mine\n  parameters: 5e6\n  methods:\n  - {name: ia3, learning_rate: 0.5}\n"
    #expect(try with(good).methods[0].training.learningRate == 0.5)
    let wrong = #expect(throws: DocumentError.self) { try with(good.replacing("0.5", with: "fast")) }
    #expect(wrong?.location.file == path && wrong?.location.line == 5)
    let unknown = #expect(throws: DocumentError.self) { try with(good.replacing("name: mine", with: "name: mines")) }
    #expect(unknown?.description.contains("there is no size \"mine\"; did you mean mines?") == true)
  }
}
