import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Steps beside the matrix kernel's peak") struct PeakTurnTests {
  @Test("Shares are speeds over speeds, and their product is the step's speed over the peak") func shares() {
    let turn = PeakTurn(stepSeconds: 2, productSeconds: 0.5, operations: 300, peak: 1000)
    #expect(turn.kernelShareOfPeak == 0.6 && turn.stepShareOfKernel == 0.25)
    #expect(turn.kernelShareOfPeak * turn.stepShareOfKernel == 300 / 2 / 1000.0)
  }

  @Test("The median leaves out what is no number, such as a step without products") func median() {
    let turns = [0.2, 0.9, 0.4, 0].map { PeakTurn(stepSeconds: 1, productSeconds: $0, operations: 0, peak: 1) }
    #expect(turns.median(\.stepShareOfKernel) == 0.4)
    #expect(turns.dropLast().median(\.kernelShareOfPeak) == 0 && turns.suffix(1).median(\.kernelShareOfPeak) == nil)
  }

  @Test("Each timed step has a turn where that is asked for, and none without a profile") func probe() throws {
    for (profile, asked, count) in [(KernelProfile(), true, 3), (KernelProfile(), false, 0), (nil, true, 0)] {
      let context = ComputeContext(threads: 1, profile: profile)
      let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).load(as: .auto, context: context)
      let text = DocumentText(name: "c.json", bytes: Array(#"{"model": ".", "methods": ["lora"]}"#.utf8))
      let attachment = try RunConfiguration(ConfigFile.read(text)).methods[0].attach(
        to: model, with: .init(seeds: SeedStream(0), context: context))
      let result = SpeedProbe(batch: 2, tokens: 12, steps: 3).measure(
        model, attachment: attachment, context: context, besidePeak: asked)
      #expect(result.turns.count == count)
      #expect(result.turns.allSatisfy { $0.kernelShareOfPeak > 0 && 0..<1 ~= $0.stepShareOfKernel })
    }
  }
}
