import Foundation
import PEFTBench
import PEFTMethods

extension ReportedRun {
  /// Bytes of the weights that the run saved, of all members who vote; nil where its folder is not known or has none.
  var savedAdapterBytes: Double? {
    guard let folder else { return nil }
    let adapter = folder + "/adapter"
    func bytes(_ folder: String) -> Double? {
      let path = "\(folder)/\(AdapterFile.valuesName)"
      return ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int).map(Double.init)
    }
    let members = ((try? MemberFolders.all(in: adapter)) ?? []).compactMap(bytes)
    if members.count > 1 { return members.reduce(0, +) }
    // Members that were not all kept are as large as the first one.
    return bytes(adapter).map { $0 * Double(strategy?.voters ?? 1) }
  }
}
