import Foundation

/// Where the adapters of the further members of an ensemble lie: `members/2`, `members/3` … in the folder of the first
/// one's, which is an adapter of its own for all who do not look for them.
enum MemberFolders {
  /// The folder of the members.
  static let name = "members"

  /// The folder of a member, counted from 0, of which the adapter itself is the first.
  static func path(of member: Int, in adapter: String) -> String {
    member == 0 ? adapter : "\(adapter)/\(name)/\(member + 1)"
  }

  /// The folders of all members that an adapter has, itself the first.
  static func all(in adapter: String) -> [String] {
    var folders = [adapter]
    while FileManager.default.fileExists(atPath: path(of: folders.count, in: adapter)) {
      folders.append(path(of: folders.count, in: adapter))
    }
    return folders
  }
}
