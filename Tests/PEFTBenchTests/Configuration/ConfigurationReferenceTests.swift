import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("The reference of configs") struct ConfigurationReferenceTests {
  @Test("docs/configuration.md is what the program prints") func page() throws {
    let page = try String(contentsOf: GoldenFixture.package.appending(path: "docs/configuration.md"), encoding: .utf8)
    #expect(
      page == ConfigurationReference.markdown,
      "peft-bench list config --markdown > docs/configuration.md")
  }

  @Test("Every key has a description, and no section lacks its keys") func descriptions() {
    for section in ConfigurationReference.sections {
      #expect(!section.options.isEmpty, "\(section.path)")
      for option in section.options { #expect(option.about != nil, "\(section.path).\(option.name)") }
    }
    for (method, options) in ConfigurationReference.methods {
      for option in options { #expect(option.about != nil, "\(method.name).\(option.name)") }
    }
  }

  @Test("A key that a reader refuses is told the keys of the reference", arguments: ConfigurationReference.sections)
  func keys(_ section: ConfigurationReference.Section) throws {
    let dataset = #"{name: x, prompt: "{a}", answer: b, files: {train: t, validation: v"#
    let text: String? =
      switch section.path {
      case "": "model: m, methods: [none], nonsense: 1"
      case "model": "model: {path: m, nonsense: 1}, methods: [none]"
      case "presets": "model: m, methods: [none], presets: {size: 1M, nonsense: 1}"
      case "data.datasets[…]": "model: m, methods: [none], data: {datasets: [\(dataset)}, nonsense: 1}]}"
      case "data.datasets[…] with together":
        "model: m, methods: [none], data: {datasets: [{name: x, together: [sst2, rte], nonsense: 1}]}"
      case "data.datasets[…].files": "model: m, methods: [none], data: {datasets: [\(dataset), nonsense: 1}}]}"
      case "training.frozen_layer_cache":
        "model: m, methods: [none], training: {frozen_layer_cache: {name: disk, nonsense: 1}}"
      case "pscp.constants": "model: m, methods: [none], pscp: {constants: {nonsense: 1}}"
      case "methods[…].init_from with combine":
        "model: m, methods: [{name: lora, init_from: {combine: a, adapters: {a: x}, nonsense: 1}}]"
      case "methods[…]": nil  // its keys stand beside those of the method and of training
      default: "model: m, methods: [none], \(section.path): {nonsense: 1}"
      }
    guard let text else { return }
    let expected = "Valid keys: " + section.options.map(\.name).joined(separator: ", ")
    do {
      let configuration = try RunConfiguration(
        ConfigFile.read(DocumentText(name: "c.yaml", bytes: Array("{\(text)}".utf8))))
      _ = try configuration.data.descriptions(from: configuration.file)
      Issue.record("\(section.path): nonsense was taken")
    } catch {
      #expect("\(error)".contains(expected), "\(section.path)")
    }
  }
}
