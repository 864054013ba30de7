import Testing

@testable import PEFTBench

@Suite("The phases of noisy interpolation and of a delayed ensemble") struct MemberPhasesTests {
  private typealias Event = MemberPhases.Event

  @Test("Of 1250 steps: splits at 375, 625 and 1125, merges at 500 and 750, and 37.1 % of an ensemble's steps")
  func paper() {
    let phases = MemberPhases(.both)
    let events = phases.events(of: 1250)
    #expect(events.map(\.step) == [375, 500, 625, 750, 1125])
    #expect(
      events.map(\.event) == [
        .split((0.15 / 375).squareRoot()), .merge, .split((0.15 / 625).squareRoot()), .merge, .split(0.15.squareRoot()),
      ])
    #expect(phases.sharedSteps(of: 1250) == [375..<500, 625..<750, 1125..<1251])
    let steps = TrainingStrategy.members(phases).modelSteps(of: 1250)
    #expect(steps == 4634)
    #expect(
      (1000 * Double(steps) / Double(TrainingStrategy.ensemble(MemberCount(10)).modelSteps(of: 1250))).rounded() == 371)
  }

  @Test("Each half has its own events, and with one member there are none") func kinds() {
    #expect(MemberPhases(.interpolation).events(of: 1250).map(\.step) == [375, 500, 625, 750])
    #expect(MemberPhases(.ensemble).events(of: 1250).map(\.step) == [1125])
    for kind in MemberPhases.Kind.allCases {
      var phases = MemberPhases(kind)
      phases.memberCount = MemberCount(1)
      #expect(phases.events(of: 1250).isEmpty && TrainingStrategy.members(phases).modelSteps(of: 1250) == 1250)
    }
  }

  @Test("What a training is too short for is told") func absence() {
    var phases = MemberPhases(.both)
    #expect(phases.absence(of: 1250) == nil && phases.absence(of: 2) == nil)
    phases.splitSteps = 9
    #expect(phases.absence(of: 12)?.contains("come together again in 12 steps") == true)
    phases.memberCount = MemberCount(1)
    #expect(phases.absence(of: 12) == nil)
    var alone = MemberPhases(.interpolation)
    alone.splitSteps = 9
    #expect(alone.absence(of: 12)?.contains("no copies are made in 12 steps") == true)
    #expect(MemberPhases(.ensemble).absence(of: 1) == nil)
  }

  @Test("Phases are shares of any other length, unless they are given in steps") func lengths() {
    let phases = MemberPhases(.both)
    #expect(phases.events(of: 100).map(\.step) == [30, 40, 50, 60, 90])
    var given = phases
    (given.splitSteps, given.mergeSteps) = (40, 45)
    // The first split waits for 40 steps; what is still apart when the ensemble begins comes together there.
    #expect(given.events(of: 100).map(\.step) == [40, 85, 90])
    given.mergeSteps = 60
    let late = given.events(of: 100)
    #expect(late.map(\.step) == [40, 90, 90] && late.map(\.event)[1] == .merge)
    var alone = MemberPhases(.interpolation)
    (alone.splitSteps, alone.mergeSteps) = (40, 80)
    // After the last step.
    #expect(alone.events(of: 100).map(\.step) == [40, 101])
    #expect(alone.sharedSteps(of: 100) == [40..<101])
    for count in 1...40 {
      let events = phases.events(of: count)
      #expect(zip(events, events.dropFirst()).allSatisfy { $0.step <= $1.step }, "\(count)")
      #expect(events.allSatisfy { 1...(count + 1) ~= $0.step }, "\(count)")
      #expect(phases.sharedSteps(of: count).allSatisfy { $0.upperBound <= count + 1 }, "\(count)")
    }
  }

  @Test("Noise comes every 25 steps from 375 to 1125 of 1250") func periodicNoise() {
    let due = (1...1250).filter { PeriodicNoise().isDue(at: $0, of: 1250) }
    #expect(due == Array(stride(from: 375, through: 1125, by: 25)))
    #expect((1...20).filter { PeriodicNoise().isDue(at: $0, of: 20) } == Array(6...18))
  }
}
