import Foundation
import PEFTCore

/// Fetches the files of a dataset's splits from the Hugging Face Hub.
///
/// They go to the Hub's cache, where datasets are looked for. A repository whose own branch has no readable files (it
/// may hold a script only) is fetched from the Hub's conversion of it to Parquet.
package struct DatasetFetch {
  /// What was fetched for one part of a dataset.
  package struct Fetched: Sendable {
    /// Which rows of the dataset.
    package let part: DatasetPart
    /// The split.
    package let split: String
    /// The files on disk, shards in order.
    package let files: [String]
  }

  /// Called with a file's name, its bytes so far and, where known, its size.
  package typealias Progress = (_ file: String, _ bytes: Int, _ total: Int?) -> Void

  private let downloader: HubDownloader

  /// Creates a fetch through `downloader`.
  package init(_ downloader: HubDownloader) { self.downloader = downloader }

  /// Fetches a dataset.
  ///
  /// - Parameters:
  ///   - dataset: A dataset of the catalogue.
  ///   - revision: A branch, a tag or a commit; the main branch, and then the conversion, unless given.
  ///   - folder: Where to put the files besides: in `folder`/<dataset>.
  ///   - progress: Told of the bytes.
  /// - Throws: `FileError` or `DocumentError` that says what cannot be fetched and why.
  package func fetch(
    _ dataset: DatasetDescription, revision: String? = nil, to folder: String? = nil,
    progress: Progress = { _, _, _ in }
  ) throws -> [Fetched] {
    guard let source = dataset.source else {
      throw FileError(path: dataset.id, "is described by a config, so there is no place to fetch it from")
    }
    if downloader.isOffline {
      let locator = DatasetLocator(root: nil, cache: downloader.cache)
      let cached = try dataset.parts.map { part in
        do { return try locator.locate(dataset, part) } catch is DatasetNotFound {
          throw FileError(
            path: source.repository,
            "the \(part.rawValue) rows of \(dataset.id) are not in the Hub cache (\(downloader.cache.path)), and the "
              + "network is off (HF_HUB_OFFLINE)")
        }
      }
      return try zip(dataset.parts, cached).map { part, located in
        try placed(Fetched(part: part, split: located.split, files: located.files), of: dataset, in: folder)
      }
    }
    var repository = Repository(source: source, revision: revision, downloader: downloader)
    // All parts are found before the first byte is fetched.
    let choices = try dataset.parts.map { ($0, try repository.choose(dataset.splits(of: $0), of: dataset.id)) }
    return try choices.map { part, choice in
      let files = try choice.files.map { file in
        try downloader.download(file, of: source.repository, kind: .dataset, revision: choice.revision) {
          progress(file, $0, $1)
        }
      }
      return try placed(Fetched(part: part, split: choice.split, files: files), of: dataset, in: folder)
    }
  }

  /// Copies fetched files to where a folder of datasets has them.
  private func placed(_ fetched: Fetched, of dataset: DatasetDescription, in folder: String?) throws -> Fetched {
    guard let folder else { return fetched }
    let own = FilePath.joined(folder, dataset.id)
    try OutputFolder(own, .dataset).claim()
    let files = try fetched.files.map { file in
      var name = FilePath.name(of: file)
      // `0000.parquet` says nothing without the folder that is named like its split.
      if name.prefix(while: { $0 != "." }).allSatisfy(\.isNumber) {
        name = FilePath.name(of: FilePath.folder(of: file)) + "/" + name
      }
      let target = FilePath.joined(own, name)
      try AtomicFile.makeFolder(FilePath.folder(of: target))
      let content = try MemoryMappedFile(path: file)
      try AtomicFile.write(to: target) { (output) throws(FileError) in try output.write(content.bytes) }
      return target
    }
    return Fetched(part: fetched.part, split: fetched.split, files: files)
  }

  /// The files that the Hub lists of a repository, and which of them are a split.
  struct Repository {
    let source: DatasetSource
    let revision: String?
    let downloader: HubDownloader
    private var lists: [String: [String]] = [:]

    init(source: DatasetSource, revision: String?, downloader: HubDownloader) {
      self.source = source
      self.revision = revision
      self.downloader = downloader
    }

    /// The files of the best of `splits` that there is.
    mutating func choose(
      _ splits: [String], of dataset: String
    ) throws -> (split: String, revision: String, files: [String]) {
      let revisions = revision.map { [$0] } ?? ["main", DatasetSource.conversionRevision]
      for split in splits {
        for revision in revisions {
          let names = try list(revision)
          if let files = try Self.files(of: split, source, among: names, revision: revision) {
            return (split, revision, files)
          }
        }
      }
      throw FileError(
        path: source.repository,
        "the Hub lists no readable file of the split \(splits.joined(separator: " or ")) of \(dataset) at "
          + revisions.joined(separator: " or "))
    }

    private mutating func list(_ revision: String) throws -> [String] {
      if let names = lists[revision] { return names }
      var names: [String] = []
      do {
        names = try downloader.files(of: source.repository, kind: .dataset, revision: revision)
      } catch  where revision == DatasetSource.conversionRevision && self.revision == nil {
        // Not every repository has a conversion; what is missing then is said by whoever asked.
      }
      lists[revision] = names
      return names
    }

    /// The files of a split among a repository's, in the order in which the locator looks at folders.
    static func files(
      of split: String, _ source: DatasetSource, among names: [String], revision: String
    ) throws(FileError) -> [String]? {
      let listing = FolderListing.paths(names)
      var folders = source.configuration.map { [$0] } ?? []
      if revision == DatasetSource.conversionRevision {
        folders += DatasetSource.conversionFolders(among: listing.entries("") ?? []) + [""]
      } else {
        folders += ["", "data"]
      }
      let files = SplitFiles(listing)
      for folder in folders {
        if let found = try files.find(split, in: folder) { return found }
      }
      return nil
    }
  }
}
