/// The version of this program, as records and `--version` give it.
public enum Version {
  /// Semantic version.
  public static let current = "0.1.0"
}
