import Foundation
import PEFTCore

/// Another tool that results can be written for.
package enum ResultsExport: String, Sendable, CaseIterable {
  /// Event files of TensorBoard: a run's losses by step, and its scores and costs.
  case tensorboard
  /// JSON a run as Hugging Face PEFT's method_comparison has it.
  case peft
  /// The results file of lm-evaluation-harness, one per method and seed, with its samples.
  case lmEval = "lm-eval"
  /// MLflow's file store.
  case mlflow
  /// The files that Weights & Biases keeps of a run, and a table of all runs.
  case wandb
}

extension Report {
  /// Writes the complete runs for another tool.
  ///
  /// - Returns: The files, from the folder.
  /// - Throws: `InputError` where the folder cannot be written to, or a run's files cannot be read.
  package func export(for tool: ResultsExport, to folder: String) throws -> [String] {
    try OutputFolder(folder, .export).claim()
    return switch tool {
    case .tensorboard: try TensorBoardExport.write(self, to: folder)
    case .peft: try MethodComparisonExport.write(self, to: folder)
    case .lmEval: try HarnessExport.write(self, to: folder)
    case .mlflow: try MLflowExport.write(self, to: folder)
    case .wandb: try WeightsAndBiasesExport.write(self, to: folder)
    }
  }

}
