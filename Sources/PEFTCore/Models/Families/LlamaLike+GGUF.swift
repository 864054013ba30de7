extension LlamaLike {
  /// How GGUF files store the family: names as llama.cpp gives them, and perhaps permuted queries and keys.
  static func storage(norms: NormPlacement = .before, permutesQueryAndKey: Bool = false) -> WeightStorage {
    var storage = WeightStorage()
    storage.optionalPrefix = "model."
    storage.ggufName = { ggufName($0, norms: norms) }
    if permutesQueryAndKey { storage.ggufRowOrder = interleavedRotaryPairs }
    return storage
  }

  private static func ggufName(_ site: String, norms: NormPlacement) -> String? {
    switch site {
    case "model.embed_tokens": return "token_embd"
    case "model.norm": return "output_norm"
    case "lm_head": return "output"
    default: break
    }
    let parts = site.split(separator: ".", maxSplits: 3).map(String.init)
    guard parts.count == 4, parts[0] == "model", parts[1] == "layers" else { return nil }
    let name: String? =
      switch parts[3] {
      case "input_layernorm": "attn_norm"
      // Where it is after attention it has a name of its own; else it is the feed-forward part's first norm.
      case "post_attention_layernorm": norms == .before ? "ffn_norm" : "post_attention_norm"
      case "pre_feedforward_layernorm": "ffn_norm"
      case "post_feedforward_layernorm": "post_ffw_norm"
      case "self_attn.q_proj": "attn_q"
      case "self_attn.k_proj": "attn_k"
      case "self_attn.v_proj": "attn_v"
      case "self_attn.qkv_proj": "attn_qkv"
      case "self_attn.o_proj": "attn_output"
      case "self_attn.q_norm": "attn_q_norm"
      case "self_attn.k_norm": "attn_k_norm"
      case "mlp.gate_proj": "ffn_gate"
      case "mlp.up_proj", "mlp.gate_up_proj": "ffn_up"
      case "mlp.down_proj": "ffn_down"
      default: nil
      }
    return name.map { "blk.\(parts[2]).\($0)" }
  }

  /// Rows of queries and keys stand in the order of interleaved rotary pairs, (x₀, x₁), (x₂, x₃), …; ours are
  /// halves, all first elements before all second ones.
  @Sendable private static func interleavedRotaryPairs(
    _ site: String, _ outputs: Int, _ configuration: ModelConfiguration
  ) -> [Int]? {
    guard site.hasSuffix(".q_proj") || site.hasSuffix(".k_proj") else { return nil }
    let d = configuration.headDimension
    return (0..<outputs).map { row in
      let (head, within) = row.quotientAndRemainder(dividingBy: d)
      let (half, pair) = within.quotientAndRemainder(dividingBy: d / 2)
      return head * d + 2 * pair + half
    }
  }
}
