import PEFTTestSupport
import Testing

@testable import PEFTCore

/// Draws against those of PyTorch.
@Suite("PyTorch's generator") struct TorchGeneratorTests {
  /// The draws of one seed in the fixture.
  struct Golden: CustomTestStringConvertible, Sendable {
    let seed: UInt64
    let entry: DocumentObject
    var testDescription: String { "seed \(seed)" }

    static func all() throws -> [Golden] {
      let generators = try GoldenFixture("numerics").json("torch_draws.json").object?["generators"]?.array
      return (generators ?? []).compactMap { value in
        value.object.map { Golden(seed: UInt64($0["seed"]?.integer ?? 0), entry: $0) }
      }
    }

    /// A list of the entry, or of one of its members.
    func floats(_ key: String, _ member: String? = nil) throws -> [Float] {
      let value = member.map { entry[key]?.object?[$0] } ?? entry[key]
      return try #require(value?.array).compactMap { $0.number.map { Float($0) } }
    }
  }

  @Test("Uniform values are equal to the bit", arguments: try Golden.all()) func uniform(golden: Golden) throws {
    var generator = TorchGenerator(seed: golden.seed)
    #expect(generator.uniforms(700, in: -0.0123...0.0123).suffix(40) == (try golden.floats("uniform"))[...])
  }

  @Test("A few normal values are equal to the bit", arguments: try Golden.all()) func shortNormals(golden: Golden)
    throws
  {
    var generator = TorchGenerator(seed: golden.seed)
    #expect(generator.normals(7) + generator.normals(4) == (try golden.floats("short_normals")))
  }

  @Test("Many normal values are equal to the last digit", arguments: try Golden.all(), [16, 21, 48])
  func normals(golden: Golden, count: Int) throws {
    var generator = TorchGenerator(seed: golden.seed)
    expectClose(
      generator.normals(count), try golden.floats("normals", "\(count)"), relative: 1.2e-7, absolute: 1.2e-7)
  }

  @Test("Permutations are equal", arguments: try Golden.all(), [0, 1, 2, 30])
  func permutations(golden: Golden, count: Int) throws {
    var generator = TorchGenerator(seed: golden.seed)
    #expect(generator.permutation(count).map { Float($0) } == (try golden.floats("permutations", "\(count)")))
  }

  @Test("One draw after another goes on as in PyTorch", arguments: try Golden.all())
  func sequence(golden: Golden) throws {
    var generator = TorchGenerator(seed: golden.seed)
    var drawn = generator.normals(3)
    drawn += generator.permutation(5).map { Float($0) }
    drawn += generator.normals(2)
    drawn += generator.uniforms(3, in: 2...5)
    #expect(drawn == (try golden.floats("sequence")))
  }
}
