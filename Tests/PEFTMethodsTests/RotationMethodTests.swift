import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// What the rotations are, beside what PEFT makes of them.
@Suite("Rotations") struct RotationMethodTests {
  /// What an adapter makes of the identity, `[width, width]`, with parameters of the given size.
  private func merged(_ name: String, _ options: String, spread: Float) throws -> DoubleMatrix {
    let bench = try MethodBench(MethodCase(name: name, options: options, model: "llama"))
    let attachment = try bench.attach()
    for parameter in attachment.parameters {
      parameter.assign(SeedStream(8).normals(parameter.elementCount, standardDeviation: spread))
    }
    let adapter = try #require(bench.model.linears[0].adapters.first)
    var weight = DoubleMatrix(identity: bench.model.linears[0].inputs).floats
    #expect(adapter.merge(intoWeight: &weight))
    return withExtendedLifetime(attachment) { DoubleMatrix(weight, rows: 16, columns: 16) }
  }

  private func distance(_ x: DoubleMatrix, _ y: DoubleMatrix) -> Double {
    zip(x.elements, y.elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  private func skewness(_ x: DoubleMatrix) -> Double {
    distance(x.times(x.transposed, workers: .one), DoubleMatrix(identity: x.rows))
  }

  @Test("OFT's exact form is orthogonal, and its series approximates the transpose") func forms() throws {
    let exact = try merged("oft", #"{"block_size": 8, "form": "exact"}"#, spread: 0.05)
    let series = try merged("oft", #"{"block_size": 8}"#, spread: 0.05)
    #expect(skewness(exact) <= 1e-6)
    #expect(skewness(series) <= 1e-2)
    #expect(distance(series, exact.transposed) <= 1e-2)
    #expect(distance(series, exact) >= 0.1)
    let long = try merged("oft", #"{"block_size": 8, "terms": 40}"#, spread: 0.05)
    #expect(distance(long, exact.transposed) <= 1e-6)
  }

  @Test("HRA's compact form is the product of its reflections") func reflections() throws {
    let vectors = DoubleMatrix(SeedStream(8).normals(16 * 5, standardDeviation: 0.5), rows: 16, columns: 5)
    var product = DoubleMatrix(identity: 16)
    for column in 0..<5 {
      let length = (0..<16).reduce(0) { $0 + vectors[$1, column] * vectors[$1, column] }
      var reflection = DoubleMatrix(identity: 16)
      for i in 0..<16 { for j in 0..<16 { reflection[i, j] -= 2 * vectors[i, column] * vectors[j, column] / length } }
      product = product.times(reflection, workers: .one)
    }
    #expect(distance(try merged("hra", #"{"rank": 5}"#, spread: 0.5), product) <= 1e-5)
    let projected = try merged("hra", #"{"rank": 5, "gram_schmidt": true}"#, spread: 0.5)
    #expect(skewness(projected) <= 1e-5)
    #expect(distance(projected, projected.transposed) <= 1e-5)
  }

  @Test("More orthogonal directions than inputs are refused") func tooMany() throws {
    let bench = try MethodBench(
      MethodCase(name: "hra", options: #"{"rank": 17, "gram_schmidt": true}"#, model: "llama"))
    let error = #expect(throws: AttachError.self) { try bench.attach() }
    #expect(error?.description.contains("q_proj has 16 inputs") == true)
  }

  @Test("A block size that does not divide the inputs becomes the nearest that does, with a note") func nearest() throws
  {
    for (options, count) in [(#"{"block_size": 5}"#, 6 * 4), (#"{"blocks": 3}"#, 28 * 2), ("{}", 120)] {
      let bench = try MethodBench(MethodCase(name: "oft", options: options, model: "llama"))
      let attachment = try bench.attach()
      #expect(attachment.parameters[0].elementCount == count, "\(options)")
      #expect(attachment.notes.count == 1, "\(options)")
    }
  }

  @Test("PEFT's and PEFT-Factory's names of options are understood") func aliases() throws {
    let oft = try #require(
      try makeMethod(
        "oft", #"{"oft_block_size": 0, "r": 4, "use_cayley_neumann": false, "oft_target": "q_proj,v_proj"}"#) as? OFT)
    #expect(oft.blockCount == 4 && oft.blockSize == nil && oft.form == .exact)
    let hra = try #require(try makeMethod("hra", #"{"r": 6, "apply_GS": true}"#) as? HRA)
    #expect(hra.rank == 6 && hra.isOrthogonalized)
    let vera = try #require(
      try makeMethod("vera", #"{"r": 3, "vera_dropout": 0.2, "projection_prng_key": 9}"#) as? VeRA)
    #expect(vera.own.rank == 3 && vera.own.seed == 9)
    #expect(throws: DocumentError.self) { try makeMethod("oft", #"{"blocks": 2, "block_size": 4}"#) }
    #expect(throws: DocumentError.self) { try makeMethod("road", #"{"group_size": 3}"#) }
  }

  @Test("Outputs that groups do not divide are refused with the map") func groups() throws {
    let bench = try MethodBench(MethodCase(name: "road", options: #"{"group_size": 12}"#, model: "llama"))
    let error = #expect(throws: AttachError.self) { try bench.attach() }
    #expect(error?.description.contains("q_proj has 16 outputs") == true)
  }

  @Test(
    "Files that mean something else are refused with the member",
    arguments: [
      ("oft-llama", #""peft_version": "0.21.2""#, #""peft_version": "0.17.1""#, "use_cayley_neumann"),
      ("oft-llama", #""bias": "none""#, #""bias": "all""#, "bias"),
      ("svft-rank-llama", #""keeps_weight": true"#, #""keeps_weight": false"#, "rank"),
      ("svft-llama", #""fill_orthonormal": false"#, #""fill_orthonormal": true"#, "fill_orthonormal"),
      ("pvera-llama", #""sample_at_inference": false"#, #""sample_at_inference": true"#, "sample_at_inference"),
    ])
  func refused(name: String, old: String, new: String, member: String) throws {
    let source = GoldenFixture("methods/\(name)")
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(at: source.folder, to: URL(fileURLWithPath: folder.path))
    let settings = "\(folder.path)/adapter_config.json"
    let text = try String(contentsOfFile: settings, encoding: .utf8)
    #expect(text.contains(old))
    _ = try AdapterFile.open(folder.path).method()
    try text.replacing(old, with: new).write(toFile: settings, atomically: true, encoding: .utf8)
    let error = #expect(throws: DocumentError.self) { try AdapterFile.open(folder.path).method() }
    #expect(error?.description.contains("\"\(member)\"") == true)
  }
}
