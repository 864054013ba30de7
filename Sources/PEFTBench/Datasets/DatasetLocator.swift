import Foundation
import PEFTCore
import SmallWorld

/// The files of one split, and how they were found.
package struct LocatedSplit: Sendable, Equatable {
  /// The split, such as `validation_mismatched`.
  package let split: String
  /// The files, shards in order.
  package let files: [String]
  /// What a reader of the results must know, such as that a fallback split is used.
  package let note: String?
}

/// Finds the files of datasets on disk: below a folder, and in the Hub's cache.
///
/// Below the folder it knows `<dataset>/train.jsonl`, the layouts of repositories on the Hub
/// (`<dataset>/<configuration>/train-00000-of-00001.parquet`, `data/…`, converted `<configuration>/train/0000.parquet`)
/// and the unpacked archives of GLUE (`SST-2/dev.tsv`) and SuperGLUE (`BoolQ/val.jsonl`).
package struct DatasetLocator: Sendable {
  /// The folder of the datasets; nil for the Hub's cache alone.
  package let root: String?
  /// Which suite the folder holds; the mini suite is found nowhere else, and has a validation split of everything.
  package let suite: DataConfiguration.Suite
  /// The revision in the Hub's cache; nil for the main branch.
  package let revision: String?
  private let cache: HubCache?

  /// Creates a locator.
  ///
  /// - Parameters:
  ///   - root: The folder of the datasets.
  ///   - suite: Which suite the folder holds.
  ///   - cache: The Hub's cache, or nil not to look there; the mini suite is never looked for there.
  ///   - revision: A branch, tag or commit in the cache; then published datasets are looked for nowhere else.
  package init(
    root: String?, suite: DataConfiguration.Suite = .full, cache: HubCache? = HubCache(), revision: String? = nil
  ) {
    self.root = root
    self.suite = suite
    self.cache = suite == .mini ? nil : cache
    self.revision = revision
  }

  /// The files of a dataset's part: of the best split that is there.
  ///
  /// - Throws: `DatasetNotFound`, or `FileError` where some shards of a split are missing.
  package func locate(_ dataset: DatasetDescription, _ part: DatasetPart) throws -> LocatedSplit {
    if let mixture = dataset.mixture {
      throw FileError(
        path: dataset.id, "stands for \(mixture.members.map(\.id).joined(separator: ", ")), which have files; name one")
    }
    let splits = dataset.splits(of: part)
    guard !splits.isEmpty, suite != .mini || part != .test || dataset.group == .custom else {
      throw FileError(path: dataset.id, "has no test split; \(DatasetCatalogue.testSplitAdvice)")
    }
    if let files = dataset.files[part] {
      let found = try files.flatMap { path throws(FileError) in
        try NamedFiles.find(path, as: "which the dataset \(dataset.id) has for \(part.rawValue)")
      }
      try NamedFiles.requireDistinct(found, as: "for \(part.rawValue) of the dataset \(dataset.id)")
      return LocatedSplit(split: splits[0], files: found, note: nil)
    }
    let folders = folders(of: dataset)
    let splitFiles = SplitFiles(FolderListing.onDisk)
    for (place, split) in splits.enumerated() {
      for folder in folders {
        guard let files = try splitFiles.find(split, in: folder) else { continue }
        let note =
          place == 0 || suite == .mini
          ? nil : "\(dataset.id): the split \(split) is used, since there is no \(splits[0]) in \(folder)"
        return LocatedSplit(split: split, files: files, note: note)
      }
    }
    let names = root.map { Self.entries(of: $0) } ?? []
    throw DatasetNotFound(
      dataset: dataset.id, splits: splits, folders: folders, nearest: NearestName.of(dataset.id, among: names),
      repository: suite == .mini ? nil : dataset.source?.repository,
      isGenerated: suite == .mini && SmallWorld.dataset(dataset.id) != nil, revision: revision)
  }

  /// Where a dataset's files may lie, in the order in which the places are tried.
  package func folders(of dataset: DatasetDescription) -> [String] {
    let source = dataset.source
    let configuration = source?.configuration
    var folders: [String] = []
    func add(_ base: String) {
      if let configuration { folders.append(base + "/" + configuration) }
      folders += [base, base + "/data"]
    }
    if let root, revision == nil {
      add(root + "/" + dataset.id)
      folders += (source?.archiveFolders ?? []).map { root + "/" + $0 }
      if let source {
        let name = source.repository.split(separator: "/").last.map(String.init) ?? source.repository
        for base in [root + "/" + source.repository, root + "/" + name] where base != root + "/" + dataset.id {
          add(base)
        }
      }
    }
    if let source, let cache,
      let snapshot = try? cache.snapshot(of: source.repository, kind: .dataset, revision: revision)
    {
      add(snapshot)
    }
    if let source, let cache, revision == nil,
      let converted = try? cache.snapshot(
        of: source.repository, kind: .dataset, revision: DatasetSource.conversionRevision)
    {
      if let configuration = source.configuration { folders.append(converted + "/" + configuration) }
      folders += DatasetSource.conversionFolders(among: Self.entries(of: converted)).map { converted + "/" + $0 }
      folders.append(converted)
    }
    return folders
  }

  private static func entries(of folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
  }
}

/// A dataset of which no file was found.
package struct DatasetNotFound: InputError, Equatable {
  /// The dataset's name.
  package let dataset: String
  /// The splits that would have done.
  package let splits: [String]
  /// The folders that were looked through.
  package let folders: [String]
  /// A folder that is called nearly like the dataset.
  package let nearest: String?
  /// Where the dataset is published.
  package let repository: String?
  /// Whether this program can write it.
  package let isGenerated: Bool
  /// The revision that was asked for.
  package var revision: String?

  /// What is missing, where it was looked for, and where to get it.
  package var description: String {
    var text =
      "\(dataset): no file of the split \(splits.joined(separator: " or ")) (.jsonl, .json, .parquet, .tsv, .csv)"
    if let revision { text += " at the revision \(revision) in the Hub's cache" }
    if folders.isEmpty {
      text += revision == nil ? "; there is no folder to look in, set data.root" : ""
    } else {
      text += "; looked in \(folders.joined(separator: ", "))"
    }
    if let nearest, nearest != dataset { text += "; did you mean the folder \(nearest)?" }
    if let repository {
      let option = revision.map { " --revision \($0)" } ?? ""
      text += "; it is published as \(repository) on the Hub (data fetch \(dataset)\(option))"
    }
    if repository == nil, !isGenerated {
      text += "; it has no counterpart in the mini suite: set data.suite to full"
    }
    if isGenerated { text += "; write it with: data generate --dataset \(dataset)" }
    return text
  }
}
