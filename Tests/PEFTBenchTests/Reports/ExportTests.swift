import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("Exports for other tools") struct ExportTests {
  @Test("CRC-32C and its mask are those of the specification") func checksum() {
    // RFC 3720, appendix B.4.
    #expect(TFRecord.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(TFRecord.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(TFRecord.checksum(Array(0..<32)) == 0x46DD_794E)
    #expect(TFRecord.checksum([]) == 0)
    #expect(TFRecord.maskedChecksum([]) == 0xA282_EAD8)
  }

  @Test("An event is written in protobuf's wire form, a record with both checksums") func event() {
    let event = ProtobufMessage.event(time: 1, step: 300, values: [("a", 0.5)])
    // wall_time 1, step 300 as a varint, summary { value { tag "a", simple_value 0.5 } }
    let expected: [UInt8] = [
      0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x10, 0xAC, 0x02, 0x2A, 0x0A, 0x0A, 0x08, 0x0A, 0x01, 0x61, 0x15, 0, 0, 0,
      0x3F,
    ]
    #expect(event == expected)
    let record = TFRecord.framed(event)
    #expect(record.count == 8 + 4 + event.count + 4 && Array(record.prefix(8)) == [24, 0, 0, 0, 0, 0, 0, 0])
    #expect(Array(record[12..<36]) == event)
  }

  @Test("Every run has its files, and nothing leaves the folder") func files() throws {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url.appending(path: "in"))
    try sweep.write(methods: Array(SyntheticSweep.methods.prefix(2)), datasets: ["sst2", "rte"], seeds: [1, 2])
    try sweep.write(
      SyntheticSweep.Method("../../evil method", parameters: 1, bytes: 1, gain: 0.1), dataset: "sst2", seed: 1)
    let report = try Report(ReportedResults([sweep.folder.path]))
    for (tool, count) in [(ResultsExport.tensorboard, 9), (.peft, 9), (.lmEval, 5 + 9), (.wandb, 9 * 4 + 1)] {
      let target = folder.url.appending(path: tool.rawValue)
      let files = try report.export(for: tool, to: target.path)
      #expect(files.count == count, "\(tool)")
      for file in files {
        #expect(!file.contains("..") && !file.hasPrefix("/"), "\(file)")
        #expect(FileManager.default.fileExists(atPath: target.appending(path: file).path), "\(file)")
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).count == 5)
    let comparison = folder.url.appending(path: "peft/full-sst2/results/lora--SmolLM2-135M-Instruct-seed1.json")
    let json = try JSONParser.parse(
      DocumentText(name: "export", bytes: [UInt8](try Data(contentsOf: comparison))))
    let run = try #require(report.results.runs.first { $0.description == "sst2, lora, seed 1" })
    #expect(json["train_info"]?["metrics"]?.array?.last?["test accuracy"]?.number == run.value)
    #expect(
      json["train_info"]?["status"]?.string == "success"
        && json["run_info"]?["peft_config"]?["peft_type"]?.string == "LORA")
  }

  @Test("The bytes of a saved adapter are those of all members who vote") func savedBytes() throws {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url.appending(path: "in"))
    try sweep.write(methods: [SyntheticSweep.methods[0]], datasets: ["sst2"], seeds: [1])
    let run = sweep.folder(of: "lora", "sst2", 1)
    func save(_ count: Int, in place: String) throws {
      let place = run.appending(path: place)
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      try Data(count: count).write(to: place.appending(path: "adapter_model.safetensors"))
    }
    func bytes() throws -> [Double?] {
      let report = try Report(ReportedResults([sweep.folder.path]))
      let target = folder.url.appending(path: "out").path
      let name = try #require(try report.export(for: .peft, to: target).first)
      let axis = ExplorerAxis.all(of: report.results.runs).first { $0.key == "disk" }
      return [
        try JSONParser.parse(file: "\(target)/\(name)").value["train_info"]?["file_size"]?.number,
        axis?.value(report.results.runs[0]),
      ]
    }
    #expect(try bytes() == [0, nil])
    try save(10, in: "adapter")
    #expect(try bytes() == [10, 10])
    try save(20, in: "adapter/members/2")
    #expect(try bytes() == [30, 30])
    // The record alone tells how many voted.
    try FileManager.default.removeItem(at: run.appending(path: "adapter/members"))
    let record = run.appending(path: "record.json")
    var json = JSONValue(try JSONParser.parse(file: record.path).value)
    json["strategy"] = ["name": "deni", "voters": 3]
    try Data(json.prettyText.utf8).write(to: record)
    #expect(try bytes() == [30, 30])
  }

  @Test(
    "The harness is told how answers came about",
    arguments: [("generate", "generate_until"), ("rank", "multiple_choice")])
  func outputType(mode: String, type: String) throws {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url.appending(path: "in"))
    try sweep.write(methods: [SyntheticSweep.methods[0]], datasets: ["sst2"], seeds: [1])
    let record = sweep.folder(of: "lora", "sst2", 1).appending(path: "record.json")
    let text = try String(contentsOf: record, encoding: .utf8)
      .replacing("\"mode\": \"generate\"", with: "\"mode\": \"\(mode)\"")
    try Data(text.utf8).write(to: record)
    let target = folder.url.appending(path: "out").path
    let files = try Report(ReportedResults([sweep.folder.path])).export(for: .lmEval, to: target)
    let results = try #require(files.first { $0.contains("/results_") })
    let json = try JSONParser.parse(file: "\(target)/\(results)").value
    #expect(json["configs"]?["sst2"]?["output_type"]?.string == type)
  }

  @Test("MLflow's store has a file for every parameter, metric and tag, and none elsewhere") func mlflow() throws {
    let folder = try TemporaryFolder()
    var sweep = SyntheticSweep(folder.url.appending(path: "in"))
    sweep.options = ["../evil/../key": 1, "rank": 8]
    try sweep.write(methods: Array(SyntheticSweep.methods.prefix(2)), datasets: ["sst2"], seeds: [1])
    let report = try Report(ReportedResults([sweep.folder.path]))
    let target = folder.url.appending(path: "out")
    let files = try report.export(for: .mlflow, to: target.path)
    #expect(files.allSatisfy { $0.hasPrefix("mlruns/") && !$0.contains("..\u{2F}") && !$0.contains("/..") }, "\(files)")
    #expect(files.count { $0.hasSuffix("/meta.yaml") } == 3)
    let loss = try #require(files.first { $0.hasSuffix("metrics/train/loss") })
    let lines = try String(contentsOf: target.appending(path: loss), encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 50 && lines[0].hasSuffix(" 10") && lines[0].split(separator: " ").count == 3)
    let rank = try #require(files.first { $0.hasSuffix("params/rank") })
    #expect(try String(contentsOf: target.appending(path: rank), encoding: .utf8) == "8")
    let run = try #require(files.first { $0.hasSuffix("artifacts/run.json") }).split(separator: "/")
    #expect(run.count == 5 && run[2].count == 32 && run[1].allSatisfy(\.isNumber))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted() == ["in", "out"])
  }
}
