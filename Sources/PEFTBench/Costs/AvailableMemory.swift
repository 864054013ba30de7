import Foundation
import PEFTCore

/// Memory that a process may take, and who says so.
package struct AvailableMemory: Sendable, Equatable {
  /// Bytes.
  package let bytes: Int
  /// Where the figure comes from, for messages: "free on this machine".
  package let origin: String

  /// Creates a figure.
  package init(bytes: Int, origin: String) {
    self.bytes = bytes
    self.origin = origin
  }

  /// What is free now: the machine's available memory, or what is left of the limit of the control group (of a
  /// container or a batch job) where that is less.
  ///
  /// - Parameter root: A folder with `proc` and `sys` as the system has them.
  /// - Returns: Nil where the system does not tell.
  package static func now(root: String = "") -> AvailableMemory? {
    let limits = groupLimits(root: root).map {
      AvailableMemory(bytes: $0, origin: "left of the memory limit of this control group")
    }
    let machine = machine(root: root).map { AvailableMemory(bytes: $0, origin: "free on this machine") }
    let own = root.isEmpty ? addressSpace : nil
    return ([machine, own].compactMap(\.self) + limits).min { $0.bytes < $1.bytes }
  }

  /// What is left of the limit on this process's address space, as `ulimit -v` and batch systems set it.
  private static var addressSpace: AvailableMemory? {
    guard let limit = ProcessMemory.addressSpaceLimit else { return nil }
    // In kilobytes; statm counts pages, whose size is another one on some arm64 systems.
    let used = (numbers(of: "/proc/self/status")["VmSize:"] ?? 0) * 1024
    return AvailableMemory(
      bytes: max(0, limit - used), origin: "left of the limit on this process's address space (ulimit -v)")
  }

  /// An error about what needs more; nil for what fits.
  ///
  /// - Parameters:
  ///   - need: The tensors that are held at one time.
  ///   - subject: What needs them.
  ///   - advice: What to change.
  package func complaint(_ need: MemoryUse, of subject: String, advice: String) -> MemoryError? {
    need.total > bytes ? MemoryError(subject: subject, need: need, available: self, advice: advice) : nil
  }

  /// Refuses what needs more.
  ///
  /// - Throws: `MemoryError`.
  package func check(_ need: MemoryUse, of subject: String, advice: String) throws(MemoryError) {
    if let complaint = complaint(need, of: subject, advice: advice) { throw complaint }
  }

  /// The kernel's estimate of what can be taken without swapping; caches of files are part of it.
  private static func machine(root: String) -> Int? {
    numbers(of: root + "/proc/meminfo")["MemAvailable:"].map { $0 * 1024 }
  }

  /// What is left of each limit on this process, of version 2 or 1 of control groups.
  private static func groupLimits(root: String) -> [Int] {
    var left: [Int] = []
    for line in text(of: root + "/proc/self/cgroup").split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let isVersion2 = fields[1].isEmpty
      guard isVersion2 || fields[1].split(separator: ",").contains("memory") else { continue }
      let base = root + "/sys/fs/cgroup" + (isVersion2 ? "" : "/memory")
      let names =
        isVersion2
        ? ("memory.max", "memory.current", "inactive_file")
        : ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
      // A limit counts for all groups below. Within a container the groups above are not seen.
      var parts = fields[2].split(separator: "/")
      while true {
        let folder = ([base] + parts.map(String.init)).joined(separator: "/")
        if let limit = number(in: folder + "/" + names.0), let used = number(in: folder + "/" + names.1) {
          // Pages of files that nobody looks at go when memory is asked for.
          let cache = numbers(of: folder + "/memory.stat")[names.2] ?? 0
          left.append(max(0, limit - max(0, used - cache)))
        }
        if parts.popLast() == nil { break }
      }
    }
    return left
  }

  /// The first number of each line, by the line's first word.
  private static func numbers(of path: String) -> [String: Int] {
    var numbers: [String: Int] = [:]
    for line in text(of: path).split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace)
      if words.count >= 2, let number = Int(words[1]) { numbers[String(words[0])] = number }
    }
    return numbers
  }

  private static func number(in path: String) -> Int? {
    Int(text(of: path).trimmingCharacters(in: .whitespacesAndNewlines))
  }

  private static func text(of path: String) -> String {
    (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
  }
}

/// Something that needs more memory than there is.
package struct MemoryError: InputError, Equatable {
  /// What needs it.
  package let subject: String
  /// The tensors that are held at one time.
  package let need: MemoryUse
  /// What there is.
  package let available: AvailableMemory
  /// What to change.
  package let advice: String

  /// The figures and what to change.
  package var description: String {
    "\(subject) needs \(ByteCount.text(need.total)) of memory (\(need.parts)), but \(ByteCount.text(available.bytes)) "
      + "are \(available.origin); \(advice), or override with --force"
  }
}

extension MemoryUse {
  /// The kinds that take something, such as "weights 98 MB, activations 1.2 GB".
  package var parts: String {
    MemoryKind.allCases.filter { self[$0] > 0 }.map { "\($0) \(ByteCount.text(self[$0]))" }.joined(separator: ", ")
  }
}
