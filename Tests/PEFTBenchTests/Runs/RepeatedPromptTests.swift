import Foundation
import PEFTCore
import Testing

@testable import PEFTBench

@Suite("Prompts that come again") struct RepeatedPromptTests {
  @Test("Rows that ask the same are answered once, and counted in the record", arguments: ["generate", "rank"])
  func counted(mode: String) throws {
    try EnsembleRunTests.withConfig(#"{"name": "lora", "rank": 2}"#) { root in
      let settings = ["evaluation.mode=\(mode)"]
      let plain = try #require(try EnsembleRunTests.run(root, into: "plain", settings).first)
      #expect(plain.data?.repeatedEvaluationRows == nil)
      let path = "\(root)/dev.jsonl"
      let rows = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      try (rows + rows.prefix(3) + rows.prefix(1)).joined(separator: "\n").write(
        toFile: path, atomically: true, encoding: .utf8)
      let record = try #require(try EnsembleRunTests.run(root, into: "again", settings).first)
      #expect(record.data?.repeatedEvaluationRows == 4 && record.data?.evaluationRows == 12)
      func predictions(_ output: String, _ record: RunRecord) throws -> [DocumentValue] {
        let path = "\(root)/\(output)/runs/\(record.id)/predictions.jsonl"
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
          try JSONParser.parse(DocumentText(name: path, bytes: Array($0.utf8)))
        }
      }
      let once = try predictions("plain", plain).map { $0["predict"]?.string }
      #expect(try predictions("again", record).map { $0["predict"]?.string } == once + once.prefix(3) + once.prefix(1))
      let copy = try RunRecord(reading: record.json, at: "")
      #expect(copy.json == record.json)
    }
  }
}
