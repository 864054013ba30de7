import Foundation
import PEFTCore

extension ResultsFolder {
  /// The folder of links from readable names to the folders of runs.
  package static let linksName = "by-name"

  /// Makes `by-name/sst2-lora-s42` lead to the folder of a complete run; a run of other settings that had the name
  /// before keeps its folder alone.
  ///
  /// A convenience, which no reader of results depends on: a file system without symbolic links goes without.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - namesModel: Whether the model is part of the name, since the config has several.
  func link(_ run: SweepRun, namesModel: Bool) {
    let planned = run.planned
    var parts = [planned.dataset.id, planned.method.label]
    if namesModel { parts.insert(planned.model.name, at: 0) }
    if !planned.isZeroShot { parts.append("s\(planned.seed)") }
    let name = FileLabel.shortened(parts.map { FileLabel.of($0) }.joined(separator: "-"))
    let folder = "\(path)/\(Self.linksName)"
    guard (try? AtomicFile.makeFolder(folder)) != nil else { return }
    // Made beside and put in place by a rename, so that the name leads somewhere at any moment.
    let new = "\(folder)/.\(name.prefix(100)).\(run.id)"
    unlink(new)
    guard symlink("../runs/\(run.id)", new) == 0 else { return }
    if rename(new, "\(folder)/\(name)") != 0 { unlink(new) }
  }
}
