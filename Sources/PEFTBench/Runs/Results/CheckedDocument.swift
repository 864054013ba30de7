import Foundation
import PEFTCore

/// A small file in a run's checkpoint folder: JSON that says which run and version it is of, with a checksum.
package struct CheckedDocument {
  /// The file.
  let path: String
  /// What the content belongs to, such as a run's id.
  let identity: String
  /// What the content is, for messages: `answers`.
  let what: String
  /// Called with what kept the file from being used.
  let complain: (String) -> Void

  /// The member with the checksum.
  package static let checksumKey = "checksum"

  /// The checksum of all other members.
  package static func checksum(of json: JSONValue) -> String {
    String(SHA256.hexadecimal(of: JSONWriter.bytes(json, isPretty: false)).prefix(16))
  }

  /// Saves members; if that is not possible, what they say will have to be made again.
  func save(_ members: JSONValue) {
    var json: JSONValue = ["identity": JSONValue(identity), "version": JSONValue(Version.current)]
    if case .object(let object) = members { for member in object.members { json[member.key] = member.value } }
    json[Self.checksumKey] = JSONValue(Self.checksum(of: json))
    try? FileManager.default.createDirectory(atPath: FilePath.folder(of: path), withIntermediateDirectories: false)
    try? AtomicFile.write(json.compactText, to: path)
  }

  /// What the file says; nil if there is none of this run and version.
  ///
  /// A damaged file is put aside.
  ///
  /// - Parameter read: Reads the members; nil for some that do not fit.
  func restore<Content>(_ read: (DocumentValue) -> Content?) -> Content? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      let (document, text) = try JSONParser.parse(file: path)
      var json = JSONValue(document)
      json[Self.checksumKey] = nil
      guard document[Self.checksumKey]?.string == Self.checksum(of: json) else {
        throw DocumentError("the checksum does not fit the content", at: document.offset, of: text)
      }
      guard document["identity"]?.string == identity, document["version"]?.string == Version.current else { return nil }
      guard let content = read(document) else {
        throw DocumentError("these are not the first \(what) of this run", at: document.offset, of: text)
      }
      return content
    } catch {
      let kept = (try? AtomicFile.putAside(path)).map { "; they are kept as \($0)" } ?? ""
      complain("the saved \(what) cannot be used, so all are made again: \(error)\(kept)")
      return nil
    }
  }
}
