import Foundation
import PEFTBench
import PEFTCore
import Testing

@Suite("Available memory") struct AvailableMemoryTests {
  private static let meminfo = "MemTotal:       16000 kB\nMemFree:  100 kB\nMemAvailable:   8000 kB\n"

  @Test("The machine's figure counts where no control group has less") func machine() throws {
    try TaskRows.withFolder(["proc/meminfo": Self.meminfo]) { root in
      #expect(AvailableMemory.now(root: root) == AvailableMemory(bytes: 8_192_000, origin: "free on this machine"))
    }
    try TaskRows.withFolder(["proc/other": ""]) { root in #expect(AvailableMemory.now(root: root) == nil) }
  }

  @Test(
    "The tightest limit above the process counts, without the cache of files that can go",
    arguments: [
      // Version 2, with a limit on the outer group only.
      (
        "0::/job/step\n",
        [
          "sys/fs/cgroup/job/step/memory.max": "max\n", "sys/fs/cgroup/job/step/memory.current": "500\n",
          "sys/fs/cgroup/job/memory.max": "5000\n", "sys/fs/cgroup/job/memory.current": "3000\n",
          "sys/fs/cgroup/job/memory.stat": "anon 7\ninactive_file 1000\n",
        ], 3000
      ),
      // A container sees its own group as the root.
      (
        "0::/host/path\n",
        ["sys/fs/cgroup/memory.max": "9000", "sys/fs/cgroup/memory.current": "10000"], 0
      ),
      // Version 1.
      (
        "12:cpu,cpuacct:/x\n5:memory:/slurm/job\n",
        [
          "sys/fs/cgroup/memory/slurm/job/memory.limit_in_bytes": "4000",
          "sys/fs/cgroup/memory/slurm/job/memory.usage_in_bytes": "1000",
          "sys/fs/cgroup/memory/slurm/job/memory.stat": "total_inactive_file 500\n",
          "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
          "sys/fs/cgroup/memory/memory.usage_in_bytes": "1",
        ], 3500
      ),
    ]) func groups(membership: String, files: [String: String], expected: Int) throws
  {
    let all = files.merging(["proc/meminfo": Self.meminfo, "proc/self/cgroup": membership]) { $1 }
    try TaskRows.withFolder(all) { root in
      let available = try #require(AvailableMemory.now(root: root))
      #expect(available.bytes == expected && available.origin.contains("control group"))
    }
  }

  @Test("What does not fit is refused with the figures and what to change") func refusal() throws {
    var need = MemoryUse()
    need[.weights] = 1_000_000
    need[.activations] = 2_500_000
    let available = AvailableMemory(bytes: 3_400_000, origin: "free on this machine")
    let error = #expect(throws: MemoryError.self) {
      try available.check(need, of: "sst2/lora", advice: "lower training.batch_size (4)")
    }
    #expect(
      error?.description
        == "sst2/lora needs 3.50 MB of memory (weights 1.00 MB, activations 2.50 MB), but 3.40 MB are free on this "
        + "machine; lower training.batch_size (4), or override with --force")
    need[.activations] = 2_400_000
    #expect(throws: Never.self) { try available.check(need, of: "sst2/lora", advice: "") }
  }

  @Test(
    "Sizes with units",
    arguments: [
      ("2GB", 2_000_000_000), ("1.5 GiB", 1_610_612_736), ("800mb", 800_000_000), ("64k", 64_000), ("4096", 4096),
      ("", nil), ("GB", nil), ("-1GB", nil), ("2 PB", nil), ("1e3", nil), ("1.2.3", nil),
    ] as [(String, Int?)]) func sizes(text: String, bytes: Int?)
  {
    #expect(ByteCount.bytes(text) == bytes)
  }
}
