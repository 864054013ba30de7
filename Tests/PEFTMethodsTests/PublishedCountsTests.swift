import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// The counts of the published tables, from a config.json alone.
@Suite("Published parameter counts") struct PublishedCountsTests {
  @Test(
    "Trainable parameters on Llama-3-8B",
    arguments: [
      ("lora", #"{"rank": 16, "target_modules": ["k_proj", "v_proj", "down_proj"]}"#, 14_680_064),
      ("ia3", #"{"feedforward": "output"}"#, 196_608),
      ("ia3", "{}", 524_288),
      ("prompt-tuning", #"{"tokens": 100}"#, 409_600),
      ("prefix-tuning", #"{"tokens": 32, "projection": true, "encoder_hidden_size": 512}"#, 34_177_536),
      ("p-tuning", #"{"tokens": 100, "encoder": "lstm", "encoder_hidden_size": 768}"#, 53_130_752),
      ("ln-tuning", "{}", 266_240),
      ("bitfit", "{}", 163_840),
    ])
  func counts(method: String, options: String, count: Int) throws {
    let model = try ModelFiles.open(GoldenFixture("configs/llama-3-8b").folder.path).skeleton()
    let context = ComputeContext(threads: 1)
    let setting = AttachmentSetting(seeds: SeedStream(1), context: context)
    #expect(try makeMethod(method, options).attach(to: model, with: setting).trainableCount == count)
    #expect(context.pool.peak.total == 0)
  }
}
