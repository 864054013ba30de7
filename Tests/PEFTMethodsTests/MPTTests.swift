import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

@Suite("Multitask prompt tuning") struct MPTTests {
  private static let ids: [Int32] = [5, 17, 80, 3, 41, 9, 62]

  private static func setting(_ context: ComputeContext, seed: Int = 1) -> AttachmentSetting {
    AttachmentSetting(seeds: SeedStream(seed), context: context)
  }

  @Test(
    "A target training starts where PEFT's does: at the sources' average, or at one of them",
    arguments: ["llama", "qwen2", "gpt2"], ["average_source_tasks", "exact_source_task"])
  func target(model name: String, start: String) throws {
    let fixture = try MethodFixture("mpt-\(name)")
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(fixture.base).load(as: .auto, context: context)
    let task = start == "exact_source_task" ? #", "source_task": 1"# : ""
    let method = try makeMethod("mpt", #"{"tokens": 5, "rank": 2, "init": "\#(start)"\#(task)}"#)
    let attachment = try method.attach(to: model, with: Self.setting(context))
    try method.begin(attachment, from: AdapterFile.open(fixture.folder.folder.path))
    #expect(attachment.tasks?.count == 1)
    let ids = try fixture.expected.integers("ids").map(Int32.init)
    expectClose(
      MethodProbe(model: model, context: context).logits(ids), try fixture.expected.tensor("target/\(start)").values,
      relative: 1e-4, absolute: 1e-4)
  }

  @Test("Without its tasks a source gives the shared prompt alone, for as many tasks as there are") func shared() throws
  {
    let fixture = try MethodFixture("mpt-llama")
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(fixture.base).load(as: .auto, context: context)
    let method = try makeMethod("mpt", #"{"tokens": 5, "rank": 2, "tasks": 4, "init": "only_source_shared"}"#)
    let attachment = try method.attach(to: model, with: Self.setting(context))
    let fresh = attachment.parameters.map(\.value.values)
    let file = try AdapterFile.open(fixture.folder.folder.path)
    try method.begin(attachment, from: file)
    let now = attachment.parameters.map(\.value.values)
    #expect(now[0] != fresh[0] && now[1...] == fresh[1...])
    #expect(try file.arrays().first { $0.key == "prompt_embeddings" }?.values == now[0])
  }

  @Test("Each task has a prompt of its own, and a pass trains no other's matrices") func tasks() throws {
    let bench = try MethodBench(
      MethodCase(name: "mpt", options: #"{"tokens": 4, "rank": 2, "tasks": 3}"#, model: "llama"))
    let attachment = try bench.attach()
    let choice = try #require(attachment.tasks)
    #expect(choice.count == 3)
    let logits = (0..<3).map { task in
      choice.show(task)
      return bench.logits
    }
    #expect(logits[0] != logits[1] && logits[1] != logits[2] && logits[0] != logits[2])
    choice.show(1)
    bench.backward()
    let (columns, rows) = (attachment.parameters[1], attachment.parameters[2])
    for parameter in [columns, rows] {
      let gradient = parameter.gradient?.values ?? []
      let size = gradient.count / 3
      for task in 0..<3 {
        let own = gradient[(task * size)..<((task + 1) * size)]
        #expect(own.contains { $0 != 0 } == (task == 1), "\(parameter.name), task \(task)")
      }
    }
  }

  @Test(
    "What does not fit together is refused with a reason",
    arguments: [
      (#"{"tokens": 5, "rank": 2, "init": "average_source_tasks", "tasks": 2}"#, true, "starts one task"),
      (#"{"tokens": 5, "rank": 2, "init": "exact_source_task", "source_task": 3}"#, true, "no task 3"),
      (#"{"tokens": 5, "rank": 2, "init": "average_source_tasks"}"#, false, "needs init_from"),
      (#"{"tokens": 5, "rank": 2}"#, true, "has 3 tasks and this training 1"),
      (#"{"tokens": 6, "rank": 2, "init": "average_source_tasks"}"#, true, "6 virtual tokens"),
      (#"{"tokens": 5, "rank": 1, "init": "average_source_tasks"}"#, true, "rank 1"),
    ])
  func refused(options: String, hasSource: Bool, hint: String) throws {
    let fixture = try MethodFixture("mpt-llama")
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(fixture.base).load(as: .auto, context: context)
    let method = try makeMethod("mpt", options)
    let attachment = try method.attach(to: model, with: Self.setting(context))
    let file = try hasSource ? AdapterFile.open(fixture.folder.folder.path) : nil
    let error = #expect(throws: (any Error).self) { try method.begin(attachment, from: file) }
    #expect("\(error.map { "\($0)" } ?? "")".contains(hint), "\(error.map { "\($0)" } ?? "")")
  }

  @Test("Parts of a combined method stand for one task at a time, and have as many each") func combined() throws {
    func attach(_ tasks: Int) throws -> AttachedMethod {
      let parts = #"[{"name": "mpt", "tokens": 2, "tasks": 3}, {"name": "mpt", "tokens": 2, "tasks": \#(tasks)}]"#
      return try MethodBench(MethodCase(name: "combined", options: #"{"parts": \#(parts)}"#, model: "llama")).attach()
    }
    #expect(try attach(3).tasks?.count == 3)
    let error = #expect(throws: AttachError.self) { try attach(2) }
    #expect(error?.description.contains("one part has 3 tasks and another one 2") == true)
  }
}
