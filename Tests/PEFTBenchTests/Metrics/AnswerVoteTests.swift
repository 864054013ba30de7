import Testing

@testable import PEFTBench

@Suite("Votes on answers") struct AnswerVoteTests {
  @Test("Labels are counted as they are read, and the first of the winners words the answer") func labels() {
    let vote = AnswerVote(.multiClass(labels: ["yes", "no", "maybe"]))
    #expect(vote.winner(among: ["no", "Yes.", "yes"]) == "Yes.")
    #expect(vote.winner(among: ["no", "yes", "maybe"]) == "no")
    #expect(vote.winner(among: ["what", "yes", "yes", "what", "no"]) == "what")
    #expect(vote.winner(among: ["maybe", "no", "yes", "yes", "no"]) == "no")
    #expect(vote.winner(among: ["yes"]) == "yes" && vote.winner(among: []) == "")
  }

  @Test("Numbers are equal whatever their spelling, and texts after the metric's normalisation") func numbers() {
    #expect(AnswerVote(.gsm8k).winner(among: ["so #### 7", "it is 1,000", "#### 1000", "#### 8"]) == "it is 1,000")
    #expect(AnswerVote(.svamp).winner(among: ["( 1 + 2 ) = 3", "( 2 + 2 ) = 4", "( 8 / 2 ) = 4"]) == "( 2 + 2 ) = 4")
    #expect(AnswerVote(.correlation(range: 0...5)).winner(among: ["2.5", "3.0", "3"]) == "3.0")
    #expect(AnswerVote(.recordSpan).winner(among: ["Paris", "The Rome!", "rome"]) == "The Rome!")
    #expect(AnswerVote(.code).winner(among: ["x = 1", "x = 2", " x = 2\n"]) == "x = 2")
  }

  @Test("Answers that mean the same are unanimous, however they are worded") func unanimous() {
    let vote = AnswerVote(.gsm8k)
    #expect(vote.unanimousShare(of: [["#### 1000", "it is 1,000"], ["#### 7", "#### 8"]]) == 0.5)
    #expect(vote.unanimousShare(of: []) == 0)
    let labels = AnswerVote(.multiClass(labels: ["yes", "no"]))
    #expect(labels.unanimousShare(of: [["yes", "Yes."], ["no", "neither"], ["neither", "nothing"]]) == 1.0 / 3)
  }
}
