import Testing

@testable import PEFTBench

@Suite("Where a run took place") struct RunEnvironmentTests {
  @Test("The processor is named as the system names it") func named() {
    let intel = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Some Processor: one\nflags\t\t: fpu\n"
    #expect(RunEnvironment.processor(cpuinfo: intel) == "Some Processor: one")
    // Emulators and 32-bit systems give a name on arm64, too.
    let emulated = "processor\t: 0\nmodel name\t: ARMv8 Processor\nCPU implementer\t: 0x00\nCPU part\t: 0x051\n"
    #expect(RunEnvironment.processor(cpuinfo: emulated) == "ARMv8 Processor")
  }

  @Test("A processor without a name is told by who made it and the kinds of its cores") func numbered() throws {
    func core(_ number: Int, part: String) -> String {
      "processor\t: \(number)\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU variant\t: 0x3\nCPU part\t: \(part)\n\n"
    }
    let server = try #require(RunEnvironment.processor(cpuinfo: core(0, part: "0xd0c") + core(1, part: "0xd0c")))
    #expect(server.hasSuffix(", implementer 0x41, part 0xd0c"))
    let phone = try #require(RunEnvironment.processor(cpuinfo: core(0, part: "0xd05") + core(1, part: "0xd0b")))
    #expect(phone.hasSuffix(", implementer 0x41, part 0xd05 and 0xd0b"))
    for nothing in ["", "processor\t: 0\n", "CPU part\t: 0xd0c\n"] {
      #expect(RunEnvironment.processor(cpuinfo: nothing) == nil)
    }
  }
}
