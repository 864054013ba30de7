import Testing

@testable import PEFTBench

@Suite("What a strategy cannot do in a training") struct StrategyAbsenceTests {
  @Test("Noise that falls on no step is told") func noise() {
    var noise = PeriodicNoise()
    (noise.start, noise.end) = (0.31, 0.39)
    #expect(
      TrainingStrategy.noiseWeights(noise).absence(of: 10, settledSteps: 10)?.hasPrefix("none of 10 steps") == true)
    #expect(TrainingStrategy.noiseInput(noise).absence(of: 100, settledSteps: 100) == nil)
    (noise.start, noise.end) = (0, 0)
    #expect(TrainingStrategy.noiseInput(noise).absence(of: 10, settledSteps: 10) != nil)
    #expect(TrainingStrategy.noiseWeights(PeriodicNoise()).absence(of: 10, settledSteps: 1) == nil)
  }

  @Test("An average of one step is told, and whether the method or its own start is why") func average() throws {
    let late = try #require(TrainingStrategy.meanWeights(.init(start: 1)).absence(of: 10, settledSteps: 10))
    #expect(late.hasPrefix("one of 10 steps is averaged: "))
    for strategy in [TrainingStrategy.meanWeights(.init()), .movingAverage(.init())] {
      #expect(strategy.absence(of: 10, settledSteps: 10) == nil && strategy.absence(of: 10, settledSteps: 2) == nil)
      #expect(strategy.absence(of: 10, settledSteps: 1)?.contains("AdaLoRA: set final_steps") == true)
    }
  }

  @Test("Other strategies do what they are for in any training") func others() {
    for strategy in [TrainingStrategy.standard, .mixout(probability: 0.9), .ensemble(MemberCount())] {
      #expect(strategy.absence(of: 1, settledSteps: 1) == nil)
    }
  }
}
