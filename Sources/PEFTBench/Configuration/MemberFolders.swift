import Foundation
import PEFTCore

/// Where the adapters of the further members of an ensemble lie: `members/2`, `members/3` … in the folder of the first
/// one's, which is an adapter of its own for all who do not look for them.
package enum MemberFolders {
  /// The folder of the members.
  package static let name = "members"

  /// The folder of a member, counted from 0, of which the adapter itself is the first.
  static func path(of member: Int, in adapter: String) -> String {
    member == 0 ? adapter : "\(adapter)/\(name)/\(member + 1)"
  }

  /// The folders of all members that an adapter has, itself the first.
  ///
  /// - Throws: `FileError` that names a member which is missing among others, since fewer of them would be another ensemble,
  ///   or what is no member.
  package static func all(in adapter: String) throws(FileError) -> [String] {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: "\(adapter)/\(name)")) ?? []).sorted()
    var numbers: Set<Int> = []
    for entry in names where !entry.hasPrefix(".") {
      guard let number = Int(entry), number > 1, String(number) == entry else {
        throw FileError(
          path: "\(adapter)/\(name)/\(entry)",
          "is no member, whose folders are called 2, 3 and so on: move it elsewhere")
      }
      numbers.insert(number)
    }
    guard let last = numbers.max() else { return [adapter] }
    if let missing = (2...last).first(where: { !numbers.contains($0) }) {
      throw FileError(
        path: path(of: missing - 1, in: adapter), "is missing, though \(name)/\(last) is there: copy the whole folder")
    }
    return (0..<last).map { path(of: $0, in: adapter) }
  }
}
