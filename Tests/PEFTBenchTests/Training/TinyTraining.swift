import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

/// A tiny model of the fixtures with a method attached, and examples of random ids for it.
struct TinyTraining {
  let context: ComputeContext
  let model: CausalLanguageModel
  let attachment: AttachedMethod
  let configuration: RunConfiguration

  /// - Parameters:
  ///   - name: A folder of the fixtures' models.
  ///   - method: A method's name, or its entry in a config.
  ///   - training: The config's training settings as JSON.
  ///   - threads: Worker threads.
  init(_ name: String, method: String, training: String = "{}", threads: Int = 2) throws {
    context = ComputeContext(threads: threads)
    let text = #"{"model": ".", "methods": [\#(method)], "training": \#(training)}"#
    configuration = try RunConfiguration(try ConfigFile.read(DocumentText(name: "test", bytes: Array(text.utf8))))
    model = try ModelFiles.open(GoldenFixture("models/\(name)").folder.path).load(as: .auto, context: context)
    attachment = try configuration.methods[0].method.attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(3), context: context))
  }

  /// Examples of different lengths that begin with the same tokens.
  func examples(_ count: Int, shared: Int, own: ClosedRange<Int>, answer: Int) -> [EncodedExample] {
    let stream = SeedStream(9)
    func ids(_ stream: SeedStream, _ count: Int) -> [Int32] {
      (0..<count).map { Int32(stream.integer(below: model.configuration.vocabularySize, at: $0)) }
    }
    let beginning = ids(stream.child("shared"), shared)
    return (0..<count).map { index in
      let length = own.lowerBound + stream.child("length").integer(below: own.count, at: index)
      return EncodedExample(
        prompt: beginning + ids(stream.child("prompt").child(index), length),
        answer: ids(stream.child("answer").child(index), answer))
    }
  }
}
