import Foundation

/// PEFT Soft Cost Penalties: a method's task score, discounted by what the method costs.
///
///     PSCP = P · (1 + Mp/Cp)^-βp · (1 + Mf/Cf)^-βf · (1 + Mm/Cm)^-βm
///
/// P is the mean task score in percent, Mp the trainable parameters, Mf the inference cost added to the base model,
/// Mm the peak training memory; each C is the cost at which a factor with exponent 1 is one half. Of models that answer
/// together by a vote, Mp and Mf are those of all of them.
///
/// - Source: arXiv 2511.21285, eq. 3.
package struct PSCP: Sendable, Equatable {
  /// The costs of a method, or the reference costs that they are measured against.
  package struct Costs: Sendable, Equatable, Codable {
    /// Trainable parameters.
    package let parameters: Double
    /// Floating-point operations of one forward pass over 512 tokens that the method adds to the base model.
    package let flops: Double
    /// Peak training memory.
    package let memory: Double

    /// Creates costs; any unit will do as long as a method's costs and the constants share it.
    package init(parameters: Double, flops: Double, memory: Double) {
      self.parameters = parameters
      self.flops = flops
      self.memory = memory
    }
  }

  /// The exponents: how much each cost matters.
  package struct Exponents: Sendable, Equatable, Codable {
    /// Exponent of the parameter term.
    package let parameters: Double
    /// Exponent of the FLOP term.
    package let flops: Double
    /// Exponent of the memory term.
    package let memory: Double

    /// Creates exponents, each 1 unless given.
    package init(parameters: Double = 1, flops: Double = 1, memory: Double = 1) {
      self.parameters = parameters
      self.flops = flops
      self.memory = memory
    }
  }

  /// Which constants the costs are measured against.
  package enum Preset: Sendable, Equatable {
    /// The constants of the paper: 5·10⁸ parameters, 10 TFLOP, 94 GB. Costs are then in units, TFLOP and GB.
    case paper
    /// Constants taken from the base model, so that models of any size can be compared: its parameters, its forward
    /// FLOPs at 512 tokens, and the memory that full fine-tuning on the same batches needs.
    case relative(Costs)

    /// The name in configs, files and on the command line.
    package var name: String {
      switch self {
      case .paper: "paper"
      case .relative: "relative"
      }
    }

    /// The constants Cp, Cf and Cm.
    package var constants: Costs {
      switch self {
      case .paper: Costs(parameters: 5e8, flops: 10, memory: 94)
      case .relative(let constants): constants
      }
    }
  }

  /// The three factors, each in 0...1.
  package struct Terms: Sendable, Equatable, Codable {
    /// (1 + Mp/Cp)^-βp.
    package let parameters: Double
    /// (1 + Mf/Cf)^-βf.
    package let flops: Double
    /// (1 + Mm/Cm)^-βm.
    package let memory: Double

    /// What the score is multiplied by.
    package var product: Double { parameters * flops * memory }
  }

  /// The constants Cp, Cf and Cm.
  package let constants: Costs
  /// The exponents βp, βf and βm.
  package let beta: Exponents

  /// Creates a formula from given constants.
  ///
  /// - Precondition: every constant is positive.
  package init(constants: Costs, beta: Exponents = Exponents()) {
    precondition(
      constants.parameters > 0 && constants.flops > 0 && constants.memory > 0,
      "PSCP: every constant must be positive, found \(constants)")
    self.constants = constants
    self.beta = beta
  }

  /// Creates a formula from a preset.
  package init(preset: Preset, beta: Exponents = Exponents()) {
    self.init(constants: preset.constants, beta: beta)
  }

  /// The factors for a method's costs; a cost below zero counts as none.
  package func terms(_ costs: Costs) -> Terms {
    func factor(_ cost: Double, _ constant: Double, _ beta: Double) -> Double {
      pow(1 + max(0, cost) / constant, -beta)
    }
    return Terms(
      parameters: factor(costs.parameters, constants.parameters, beta.parameters),
      flops: factor(costs.flops, constants.flops, beta.flops),
      memory: factor(costs.memory, constants.memory, beta.memory))
  }

  /// The score: `performance` (percent) times the three factors.
  package func value(performance: Double, costs: Costs) -> Double {
    let terms = terms(costs)
    return performance * terms.parameters * terms.flops * terms.memory
  }
}
