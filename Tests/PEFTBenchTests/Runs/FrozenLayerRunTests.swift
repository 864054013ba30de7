import Foundation
import PEFTCore
import Testing

@testable import PEFTBench

@Suite("Runs with kept states of frozen layers") struct FrozenLayerRunTests {
  private static let upper =
    #"{"name": "lora", "rank": 2, "target_modules": ["q_proj"], "layers_to_transform": [1], "strategy": STRATEGY}"#
  private static let held = "training.validation_fraction=0.25"

  /// The files of a run but its record.
  private static func files(_ root: String, _ output: String, _ record: RunRecord) throws -> [String: Data] {
    let folder = "\(root)/\(output)/runs/\(record.id)"
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
    var files: [String: Data] = [:]
    for name in names where name != "record.json" {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder), !isFolder.boolValue
      else { continue }
      files[name] = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
    }
    return files
  }

  /// What of a record does not depend on the machine, the hour and what was kept.
  private static func figures(_ record: RunRecord) -> JSONValue {
    var record = record
    (record.environment, record.timestamps) = (nil, nil)
    (record.costs.residentBytes, record.costs.trainingSeconds, record.costs.evaluationSeconds) = (nil, nil, nil)
    (record.costs.tokensPerSecond, record.costs.frozenLayerCache) = (nil, nil)
    return record.json
  }

  @Test(
    "Adapter, predictions, history and all that is counted are the same with any cache",
    arguments: [#""default""#, #"{"name": "ensemble", "members": 2}"#, #"{"name": "deni", "members": 2}"#])
  func same(strategy: String) throws {
    try EnsembleRunTests.withConfig(Self.upper.replacing("STRATEGY", with: strategy)) { root in
      let off = try #require(
        try EnsembleRunTests.run(root, into: "off", [Self.held, "training.frozen_layer_cache=off"]).first)
      #expect(off.costs.frozenLayerCache == nil)
      let elsewhere = "\(root)/elsewhere"
      let caches = [
        "auto", "memory", "disk", #"{"name": "memory", "size": "6kB"}"#,
        #"{"name": "disk", "folder": "\#(elsewhere)", "size": "1MB"}"#,
      ]
      for (number, cache) in caches.enumerated() {
        let output = "out\(number)"
        let record = try #require(
          try EnsembleRunTests.run(root, into: output, [Self.held, "training.frozen_layer_cache=\(cache)"]).first)
        #expect(record.id == off.id, "it is no part of the id")
        #expect(Self.figures(record) == Self.figures(off), "\(cache)")
        #expect(try Self.files(root, output, record) == Self.files(root, "off", off), "\(cache)")
        let left = try #require(record.costs.frozenLayerCache)
        #expect(left.layers == 1 && (left.shareLeftOut ?? 0) > (number == 3 ? 0 : 0.3) && (left.bytes ?? 0) > 0)
        if number == 3 { #expect(left.bytes ?? .infinity <= 6000) }
        let copy = try RunRecord(reading: record.json, at: "")
        #expect(copy.json == record.json && copy.costs == record.costs)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere).isEmpty)
    }
  }

  @Test("A run that was stopped ends with the same bytes, and tells what both attempts left out")
  func resumed() throws {
    try EnsembleRunTests.withConfig(Self.upper.replacing("STRATEGY", with: #""default""#)) { root in
      let settings = [Self.held, "training.checkpoint_steps=2", "training.epochs=4"]
      let whole = try #require(try EnsembleRunTests.run(root, into: "whole", settings).first)
      for place in [3, 11, -4] {
        let output = "stopped\(place)"
        #expect(throws: Interruption.self) {
          try EnsembleRunTests.run(root, into: output, settings) { event, flag in
            switch event {
            case .step(_, let done, _, _, _) where done == place: flag.cancel()
            case .answered(_, let done, _) where done == -place: flag.cancel()
            default: break
            }
          }
        }
        let again = try #require(try EnsembleRunTests.run(root, into: output, settings).first)
        #expect(Self.figures(again) == Self.figures(whole), "\(place)")
        #expect(try Self.files(root, output, again) == Self.files(root, "whole", whole), "\(place)")
        let (parts, all) = (again.costs.frozenLayerCache, try #require(whole.costs.frozenLayerCache))
        #expect(parts?.layers == 1 && parts?.bytes == all.bytes)
        // What had been kept is gone with the first attempt, unless it was answering.
        #expect(place > 0 ? parts?.shareLeftOut ?? 1 < all.shareLeftOut ?? 0 : parts == all)
      }
    }
  }

  @Test("Where no layer is frozen, or nothing comes again, nothing is kept")
  func nothing() throws {
    try EnsembleRunTests.withConfig(
      #"{"name": "lora", "rank": 2}, {"name": "lora", "rank": 3, "target_modules": ["q_proj"], "layers_to_transform": [1]}"#
    ) {
      root in
      let records = try EnsembleRunTests.run(root, into: "once", ["training.epochs=1"])
      #expect(records.count == 2 && records.allSatisfy { $0.costs.frozenLayerCache == nil })
      let twice = try EnsembleRunTests.run(root, into: "twice")
      #expect(twice.map { $0.costs.frozenLayerCache?.layers } == [nil, 1])
    }
  }

  @Test("A file in the place of the folder is found before anything is done, with the key")
  func refused() throws {
    try EnsembleRunTests.withConfig(Self.upper.replacing("STRATEGY", with: #""default""#)) { root in
      let configuration = #"training.frozen_layer_cache={"name": "disk", "folder": "\#(root)/c.json"}"#
      let error = try #require(throws: FileError.self) {
        try EnsembleRunTests.run(root, into: "out", [configuration])
      }
      #expect("\(error)".contains("training.frozen_layer_cache.folder: \(root)/c.json is a file"), "\(error)")
      #expect(!FileManager.default.fileExists(atPath: "\(root)/out/plan.json"))
      // What is not there yet is made.
      let nested = #"training.frozen_layer_cache={"name": "disk", "folder": "\#(root)/c.json/below"}"#
      #expect(throws: FileError.self) { try EnsembleRunTests.run(root, into: "out", [nested]) }
    }
  }

  @Test(
    "Caches are read with their sizes and folders, and refused with the place",
    arguments: [
      (#""auto""#, #""auto""#, ""), (#""off""#, #""off""#, ""),
      (#""memory""#, #"{"name":"memory","size":"2000000000"}"#, ""),
      (#"{"name": "memory", "size": "1.5GB"}"#, #"{"name":"memory","size":"1500000000"}"#, ""),
      (#"{"name": "disk", "folder": "there"}"#, #"{"name":"disk","size":"20000000000","folder":"there"}"#, ""),
      (#""of""#, "", #"did you mean "off""#), (#"{"size": "1GB"}"#, "", "training.frozen_layer_cache.name: missing"),
      (#"{"name": "memory", "size": "much"}"#, "", "training.frozen_layer_cache.size: expected a size such as 800MB"),
      (#"{"name": "memory", "size": "2"}"#, "", "training.frozen_layer_cache.size: expected a size such as 800MB"),
      (#"{"name": "memory", "folder": "x"}"#, "", "training.frozen_layer_cache.folder: unknown key"),
      (#"{"name": "disk", "folder": ""}"#, "", "expected a path"),
      (#"{"name": "auto", "size": "1GB"}"#, "", "training.frozen_layer_cache.size: unknown key"),
    ])
  func reading(given: String, understood: String, complaint: String) throws {
    func configuration(_ cache: String) throws -> RunConfiguration {
      let text = #"{"model": ".", "methods": ["lora"], "training": {"frozen_layer_cache": \#(cache)}}"#
      return try RunConfiguration(try ConfigFile.read(DocumentText(name: "c.json", bytes: Array(text.utf8))))
    }
    guard complaint.isEmpty else {
      let error = try #require(throws: DocumentError.self) { try configuration(given) }
      #expect("\(error)".contains(complaint), "\(error)")
      return
    }
    let json = try #require(try configuration(given).training.json["frozen_layer_cache"])
    #expect(json.compactText == understood)
    #expect(try configuration(json.compactText).training.json["frozen_layer_cache"] == json)
  }
}
