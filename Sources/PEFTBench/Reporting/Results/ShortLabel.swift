import Foundation
import PEFTBench

/// Names of grid values as they fit into a table: `lora (lr=5e-4)`.
package enum ShortLabel {
  /// The options with a shorter name that everybody knows, the only such list.
  static let names: [String: String] = [
    "learning_rate": "lr", "rank": "r", "alpha": "a", "dropout": "drop",
    "target_modules": "targets",
    "virtual_tokens": "tokens", "prefix_length": "prefix", "bottleneck": "size", "epochs": "ep",
    "batch_size": "bs",
    "weight_decay": "wd", "warmup_ratio": "warmup", "gradient_accumulation": "accum",
    "max_gradient_norm": "clip",
    "validation_fraction": "held",
  ]

  /// One option and its value: `lr=5e-4`.
  static func of(_ name: String, _ value: String) -> String {
    "\(names[name] ?? name)=\(number(value))"
  }

  /// A label whose brackets hold options, as configs make it for a grid.
  package static func of(_ label: String) -> String {
    guard label.hasSuffix(")"), let open = label.range(of: " (") else { return label }
    let parts = label[open.upperBound...].dropLast().components(separatedBy: ", ").map {
      part -> String in
      let sides = part.split(separator: "=", maxSplits: 1).map(String.init)
      return sides.count == 2 ? of(sides[0], sides[1]) : part
    }
    return label[..<open.lowerBound] + " (" + parts.joined(separator: ", ") + ")"
  }

  /// Small numbers in powers of ten: 0.0005 is 5e-4.
  private static func number(_ text: String) -> String {
    guard let value = Double(text), value != 0, abs(value) < 0.01 else { return text }
    var (digits, power) = (value, 0)
    while abs(digits) < 1 {
      digits *= 10
      power -= 1
    }
    // What multiplying adds to the last digits is cut off.
    let rounded = (digits * 1e6).rounded() / 1e6
    return "\(NumberText.plain(rounded))e\(power)"
  }
}
