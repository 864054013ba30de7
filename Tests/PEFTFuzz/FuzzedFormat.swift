import Foundation
import PEFTCore

/// A kind of file (or folder) that the program reads, with small valid examples and a way of reading it to its end.
protocol FuzzedFormat: SendableMetatype {
  /// What it is called on the command line and in tables.
  static var name: String { get }

  /// One in so many of the cases that are asked for is carried out: more than one where a case takes a process.
  static var thinning: Int { get }

  /// Makes what the cases share, such as a model that adapters are attached to.
  init(corpus: Corpus) throws

  /// The valid examples.
  var samples: [Sample] { get }

  /// Puts in place what `read` finds beside the sample; its time is not the case's.
  func prepare(in folder: String) throws

  /// Reads a sample, damaged or not, as the program does; every error that it throws must be an `InputError`.
  func read(_ sample: Sample, in folder: String) throws
}

extension FuzzedFormat {
  static var thinning: Int { 1 }

  func prepare(in folder: String) throws {}
}

/// An error that tells by which kind it is counted; others are counted by the name of their type.
protocol CountedError: InputError {
  /// One word.
  var kind: String { get }
}

/// A valid example: files of one folder.
struct Sample {
  struct File {
    /// The path in the sample's folder.
    let name: String
    let bytes: [UInt8]
    /// How it is damaged; nil for a file that stays as it is.
    let mutation: Mutation?
  }

  let files: [File]

  init(_ files: [File]) { self.files = files }

  init(_ name: String, _ bytes: [UInt8], _ mutation: Mutation) {
    files = [File(name: name, bytes: bytes, mutation: mutation)]
  }

  init(_ name: String, _ text: String, pieces: [String] = []) {
    self.init(name, Array(text.utf8), .text(pieces: pieces))
  }

  /// The first of its files.
  var main: String { files[0].name }
}

/// Where the valid examples that are files come from: the project's own fixtures, configs and datasets.
struct Corpus {
  /// The project's folder.
  let project: URL

  func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: project.appending(path: path))) }

  func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }

  /// The files of a folder that end in `suffix`, sorted, as paths in the project.
  func files(in folder: String, suffix: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: project.appending(path: folder).path)
      .filter { $0.hasSuffix(suffix) }.sorted().map { "\(folder)/\($0)" }
  }

  /// The first lines of a text file.
  func lines(_ path: String, _ count: Int) throws -> [UInt8] {
    Array(try bytes(path).split(separator: 0x0A, maxSplits: count).prefix(count).joined(separator: [0x0A]))
  }
}
