/// The version of this program, as records and `--version` give it.
package enum Version {
  /// Semantic version.
  package static let current = "0.1.0"
}
