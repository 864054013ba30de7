import Foundation
import PEFTTestSupport
import Testing

/// A short campaign; `scripts/fuzz.sh` does as long a one as is asked for.
@Suite("Damaged files") struct FuzzTests {
  @Test("Whatever is read is read, or refused in the proper way") func campaign() throws {
    let cases = ProcessInfo.processInfo.environment["PEFT_FUZZ_CASES"] ?? "1000"
    let options = "--cases \(cases) --seed 1 --project '\(GoldenFixture.package.path)'"
    let result = try SpawnedProgram.run(
      [], shell: "exec \"$(dirname \"$PROGRAM\")/peft-fuzz\" \(options)")
    #expect(result.status == 0, "\(result.output)\(result.diagnostics)")
    // A campaign that reads nothing, or refuses nothing, would find nothing.
    let rows = result.output.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst()
    #expect(rows.count == 21)
    for row in rows {
      let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      let counts = cells.compactMap { Int($0) }
      #expect(counts.count >= 3 && counts[0] == counts[1] + counts[2] && counts[1] > 0 && counts[2] > 0, "\(row)")
    }
  }
}
