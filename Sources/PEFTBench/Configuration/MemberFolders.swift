import Foundation
import PEFTCore

/// Where the adapters of the further members of an ensemble lie: `members/2`, `members/3` … in the folder of the first
/// one's, which is an adapter of its own for all who do not look for them.
package enum MemberFolders {
  /// The folder of the members.
  static let name = "members"

  /// The folder of a member, counted from 0, of which the adapter itself is the first.
  static func path(of member: Int, in adapter: String) -> String {
    member == 0 ? adapter : "\(adapter)/\(name)/\(member + 1)"
  }

  /// The folders of all members that an adapter has, itself the first.
  ///
  /// - Throws: `FileError` that names a member which is missing among others: fewer of them would be another ensemble.
  package static func all(in adapter: String) throws(FileError) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(adapter)/\(name)")) ?? []
    let numbers = Set(names.compactMap { Int($0) }.filter { $0 > 1 })
    guard let last = numbers.max() else { return [adapter] }
    if let missing = (2...last).first(where: { !numbers.contains($0) }) {
      throw FileError(
        path: path(of: missing - 1, in: adapter), "is missing, though \(name)/\(last) is there: copy the whole folder")
    }
    return (0..<last).map { path(of: $0, in: adapter) }
  }
}
