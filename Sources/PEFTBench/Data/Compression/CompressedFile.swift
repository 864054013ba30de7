/// Files that are compressed as a whole: `train.jsonl.gz`, `train.csv.zst`.
enum CompressedFile {
  /// What such a file may unpack to at most; it is held in memory.
  static let maximumBytes = 4 << 30

  /// The unpacked bytes if `source` begins like a gzip or Zstandard file, else nil.
  static func unpack(_ source: ByteSource) throws(TableError) -> ByteSource? {
    nil
  }
}
