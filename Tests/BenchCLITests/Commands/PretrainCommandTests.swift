import Foundation
import PEFTCore
import Testing

@Suite("model pretrain") struct PretrainCommandTests {
  static let text = (0..<40).map { "the \(["red", "blue", "old"][$0 % 3]) \(["hen", "dog"][$0 % 2]) sleeps\n" }.joined()

  static let configuration = """
    {"output": "tiny", "corpus": {"files": "text.txt"}, "tokenizer": {"vocabulary_size": 280},
     "model": {"hidden_size": 8, "layers": 1, "heads": 2, "intermediate_size": 12, "max_positions": 32},
     "training": {"tokens": 1000, "batch_tokens": 100, "sequence_length": 16, "shards": 2,
                  "validation_documents": 4, "checkpoint_every": 3}}
    """

  @Test("It writes a model that the other commands take, once") func pretrain() throws {
    let workspace = try Workspace()
    try workspace.write(Self.text, to: "text.txt")
    try workspace.write(Self.configuration, to: "c.json")
    let dry = try workspace.run("model", "pretrain", "c.json", "--dry-run", "--json")
    #expect(dry.status == 0, "\(dry.diagnostics)")
    let estimate = try Workspace.json(dry.output)
    #expect(estimate["steps"]?.integer == 10 && (estimate["tokens_per_second"]?.number ?? 0) > 0)
    #expect(!FileManager.default.fileExists(atPath: workspace.path("tiny")))

    let result = try workspace.run("model", "pretrain", "c.json", "--json")
    #expect(result.status == 0, "\(result.diagnostics)")
    let summary = try Workspace.json(result.output)
    #expect(summary["steps"]?.integer == 10 && summary["parameters"]?.integer == estimate["parameters"]?.integer)
    let again = try workspace.run("model", "pretrain", "c.json")
    #expect(again.status == 0 && again.diagnostics.contains("complete"))
    let other = try workspace.run("model", "pretrain", "c.json", "--set", "training.seed=3")
    #expect(other.status == 2 && other.diagnostics.contains("--fresh"))

    let info = try workspace.run("model", "info", "tiny", "--json")
    #expect(try Workspace.json(info.output)["chat_template"]?.bool == true)
    let answer = try workspace.run("generate", "--model", "tiny", "--max-new-tokens", "3", input: "the\n")
    #expect(answer.status == 0 && answer.output.hasPrefix("{\"text\":"), "\(answer.diagnostics)")
  }

  @Test("Ctrl-C saves a checkpoint, and the same command goes on to the same bytes") func interrupt() throws {
    let workspace = try Workspace()
    try workspace.write(Self.text, to: "text.txt")
    try workspace.write(Self.configuration.replacing("\"tokens\": 1000", with: "\"tokens\": 60000"), to: "c.json")
    let interrupted = try SpawnedProgram.run(
      [],
      shell: """
        cd '\(workspace.folder.path)'
        "$PROGRAM" model pretrain c.json &
        program=$!
        while ! [ -e tiny/checkpoint/training.safetensors ] && kill -0 $program; do sleep 0.05; done
        kill -INT $program; wait $program
        """)
    #expect(interrupted.status == 130, "\(interrupted.diagnostics)")
    #expect(interrupted.diagnostics.contains("resumes"))
    #expect(try workspace.run("model", "pretrain", "c.json").status == 0)
    #expect(try workspace.run("model", "pretrain", "c.json", "-o", "whole", "-j", "3").status == 0)
    for name in ["model.safetensors", "history.jsonl", "README.md", "pretraining.json", "tokenizer.json"] {
      let bytes = try #require(FileManager.default.contents(atPath: workspace.path("tiny/\(name)")))
      #expect(FileManager.default.contents(atPath: workspace.path("whole/\(name)")) == bytes, "\(name)")
    }
  }

  @Test("What is wrong with a config is said with its place") func mistakes() throws {
    let workspace = try Workspace()
    try workspace.write("{\"model\": {\"layer\": 2}}", to: "c.json")
    let result = try workspace.run("model", "pretrain", "c.json")
    #expect(result.status == 2 && result.diagnostics.hasPrefix("error: c.json:1:12: model.layer: unknown key"))
    let missing = try workspace.run(
      "model", "pretrain", "c.json", "--set", "corpus.files=[none.txt]", "--set", "model={}")
    #expect(missing.status == 2 && missing.diagnostics.contains("none.txt"), "\(missing.diagnostics)")
  }
}
