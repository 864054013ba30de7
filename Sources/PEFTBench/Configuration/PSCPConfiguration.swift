import PEFTCore

/// The constants and exponents of the PSCP score, as far as a config sets them.
package struct PSCPConfiguration: Sendable, Equatable {
  /// Where the constants come from: the paper, or the base model at hand.
  package enum Preset: String, CaseIterable, Sendable { case paper, relative }

  /// Where the constants come from that are not given.
  package var preset = Preset.relative
  /// The exponents of the parameter, inference and memory terms.
  package var beta = PSCP.Exponents()
  /// Cp, a count of parameters.
  package var parameters: Double?
  /// Cf, floating-point operations.
  package var flops: Double?
  /// Cm, bytes.
  package var memory: Double?

  /// The defaults.
  package init() {}

  init(reading reader: inout OptionReader) throws(DocumentError) {
    preset = try reader.choice(
      "preset", default: preset, about: "where the constants come from: the base model at hand, or the paper")
    let exponents = try reader.numbers(
      "beta", default: [1, 1, 1], count: 3, in: 0...1000,
      about: "exponents of the parameter, inference and memory terms")
    beta = PSCP.Exponents(parameters: exponents[0], flops: exponents[1], memory: exponents[2])
    var constants = try reader.object("constants", about: "in place of the preset's: an object as below")
    (parameters, flops, memory) = try Self.constants(&constants)
    try constants.finish()
  }

  private static func constants(_ reader: inout OptionReader) throws(DocumentError) -> (Double?, Double?, Double?) {
    let positive = Double.leastNonzeroMagnitude
    return (
      try reader.optionalNumber("parameters", in: positive..., about: "Cp, a number of parameters"),
      try reader.optionalNumber("flops", in: positive..., about: "Cf, floating-point operations"),
      try reader.optionalNumber("memory", in: positive..., about: "Cm, bytes")
    )
  }

  /// What a config may say about PSCP.
  static let options =
    (try? OptionReader.describing { reader in _ = try PSCPConfiguration(reading: &reader) }) ?? []

  /// What a config may say about its constants.
  static let constantOptions =
    (try? OptionReader.describing { reader in _ = try constants(&reader) }) ?? []

  /// All values under their keys.
  package var json: JSONValue {
    [
      "preset": .string(preset.rawValue), "beta": JSONValue([beta.parameters, beta.flops, beta.memory]),
      "constants": ["parameters": JSONValue(parameters), "flops": JSONValue(flops), "memory": JSONValue(memory)],
    ]
  }
}
