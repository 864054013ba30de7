import PEFTCore

/// A trained linear layer of a network that computes virtual tokens or prefixes.
///
/// Weight and bias start uniform in ±1/√inputs, PyTorch's rule, on which PEFT relies.
final class PromptEncoderLayer {
  /// The weight `[outputs, inputs]` and the bias.
  let parameters: [Parameter]

  init(_ name: String, inputs: Int, outputs: Int, seeds: SeedStream, setting: AttachmentSetting) {
    let bound = 1 / Float(inputs).squareRoot()
    let pool = setting.context.pool
    parameters = [
      Parameter("\(name).weight", shape: [outputs, inputs], in: pool) {
        seeds.child("\(name).weight").uniforms(outputs * inputs, in: -bound...bound)
      },
      Parameter("\(name).bias", shape: [outputs], in: pool) {
        seeds.child("\(name).bias").uniforms(outputs, in: -bound...bound)
      },
    ]
  }

  /// `x · Wᵀ + b`, which the caller may overwrite.
  func callAsFunction(_ x: Variable, on tape: Tape) -> Variable {
    tape.addBias(
      tape.variable(for: parameters[1]), to: tape.linear(x, weight: tape.variable(for: parameters[0])))
  }
}
