/// SmolLM3 (Bakouch and others, 2025): Llama's architecture in which some layers, every fourth one, rotate nothing.
enum SmolLM3: ModelFamily {
  static let modelTypes = ["smollm3"]
  static let className = "SmolLM3ForCausalLM"

  static func configuration(from description: ModelDescription) throws(DocumentError) -> ModelConfiguration {
    var configuration = try LlamaLike.configuration(
      from: description, defaults: .init(theta: 2_000_000, tiesEmbeddings: true))
    let layers = configuration.layerCount
    let unrotated = try unrotatedLayers(description, layers: layers)
    if case .rotary(var rotary) = configuration.positions {
      rotary.unrotatedLayers = unrotated
      configuration.positions = .rotary(rotary)
    }
    let isUsed = try description.bool("use_sliding_window", default: false)
    configuration.windows = try description.windows(isUsed ? try description.window(default: nil) : nil, layers: layers)
    { unrotated.contains($0) }
    return configuration
  }

  private static func unrotatedLayers(
    _ description: ModelDescription, layers: Int
  ) throws(DocumentError) -> Set<Int> {
    guard let list = description.root["no_rope_layers"] else {
      let interval = try description.integer("no_rope_layer_interval", default: 4)
      return Set((0..<layers).filter { ($0 + 1) % interval == 0 })
    }
    // The key says no, its entries say yes: 1 is a layer with rotary embedding.
    let flags = list.array?.compactMap(\.integer) ?? []
    guard flags.count >= layers, flags.allSatisfy({ (0...1).contains($0) }) else {
      throw description.refuse("no_rope_layers", "expected \(layers) entries that are 0 or 1")
    }
    return Set((0..<layers).filter { flags[$0] == 0 })
  }

  static func assemble(
    _ configuration: ModelConfiguration, _ description: ModelDescription
  ) throws(DocumentError) -> CausalLanguageModel {
    try Llama.assemble(configuration, description)
  }

  static var storage: WeightStorage { Llama.storage }
}
