import Foundation
import PEFTCore
import Testing

@testable import PEFTBench

@Suite("The typed record of a run, and the one list of members by which it is written and read")
struct RunRecordTests {
  /// A record with all members, as today's version writes them.
  private static let text = #"""
    {
      "schema": "peft-bench.run/1",
      "id": "00f1",
      "identity": {
        "schema": "peft-bench.run-identity/1",
        "engine": 3
      },
      "suite": "own",
      "model": {
        "name": "tiny",
        "path": "models/tiny",
        "sha256": "ab",
        "parameters": 1024,
        "architecture": "llama",
        "dtype": "auto"
      },
      "method": {
        "name": "lora",
        "label": "lora (rank=2)",
        "options": {
          "rank": 2
        },
        "trainable_parameters": 64,
        "preset": "small"
      },
      "dataset": "tones",
      "data": {
        "train_split": "train",
        "train_rows": 12,
        "eval_split": "validation",
        "eval_rows": 8,
        "sample": "sample",
        "train_classes": {
          "bad": 4,
          "good": 8
        },
        "eval_classes": null,
        "notes": ["validation of tones has 8 rows"],
        "revision": null,
        "template": "plain",
        "template_sha256": "cd",
        "first_prompt": "film?",
        "train_sha256": "1",
        "eval_sha256": "2",
        "train_content_sha256": "3",
        "eval_content_sha256": "4",
        "null_fields": {
          "text": 1
        },
        "cut_train_rows": 0,
        "cut_eval_rows": 1
      },
      "seed": 7,
      "training": {
        "epochs": 1.0
      },
      "evaluation": {
        "mode": "generate"
      },
      "scores": {
        "primary": {
          "name": "accuracy",
          "value": 0.5
        },
        "protocol": "strict",
        "accuracy": 0.5,
        "macro_f1": 0.25,
        "invalid_rate": 0.125,
        "count": 8,
        "majority": {
          "answer": "good",
          "value": 0.75
        },
        "chance": 0.5,
        "distinct_answers": 2,
        "peft-bench": {
          "absent": "no reason"
        },
        "notes": ["there is no score by the protocol peft-bench: no reason"]
      },
      "sets": {
        "test": {
          "split": "test",
          "rows": 10,
          "sha256": "5",
          "classes": {
            "bad": 3,
            "good": 7
          },
          "cut_rows": 0,
          "count": 10,
          "scores": {
            "primary": {
              "name": "accuracy",
              "value": -0.25
            },
            "protocol": "strict",
            "accuracy": -0.25,
            "invalid_rate": 0.0,
            "count": 10
          },
          "seconds": 0.5
        }
      },
      "costs": {
        "trainable_parameters": 64,
        "inference_flops": 9000,
        "added_inference_flops": 0,
        "peak_tensor_bytes": {
          "total": 4096,
          "weights": 2048,
          "adapter": 256,
          "gradients": 256,
          "optimizer": 512,
          "activations": 1024
        },
        "peak_rss_bytes": 50000,
        "steps": 3,
        "training_seconds": 1.5,
        "evaluation_seconds": 0.75,
        "tokens_seen": 300,
        "training_tokens_per_second": 200.0
      },
      "pscp": {
        "value": 40.5,
        "preset": "relative",
        "beta": [1.0, 1.0, 1.0],
        "constants": {
          "parameters": 1024.0,
          "flops": 9000.0,
          "memory": 8192.0
        },
        "terms": {
          "performance": 50.0,
          "parameters": 0.9,
          "flops": 1.0,
          "memory": 0.9
        }
      },
      "environment": {
        "version": "1",
        "cpu": "one",
        "threads": 2,
        "os": "two",
        "swift": "6.3",
        "build": "debug"
      },
      "timestamps": {
        "started": "2026-01-01T00:00:00Z",
        "finished": "2026-01-01T00:00:03Z"
      }
    }

    """#

  private static func json() throws -> JSONValue {
    JSONValue(try JSONParser.parse(DocumentText(name: "record", bytes: Array(text.utf8))))
  }

  @Test("What was read is written with the same bytes") func roundTrip() throws {
    let record = try RunRecord(reading: Self.json(), at: "")
    #expect(record.json.prettyText == Self.text)
    #expect(record.sets["test"]?.scores.primary == NamedScore(name: "accuracy", value: -0.25))
    #expect(record.scores.values.map(\.name) == ["accuracy", "macro_f1"] && record.engine == 3)
    #expect(record.seconds == 2.25 && record.data?.trainingClasses?.present == ["bad", "good"])
  }

  @Test("A record without one of the members that make it a result is refused by that member's name")
  func missing() throws {
    for path in [
      ["id"], ["suite"], ["model", "name"], ["method", "name"], ["dataset"], ["seed"], ["scores", "primary", "name"],
      ["scores", "primary", "value"], ["costs", "trainable_parameters"], ["costs", "inference_flops"],
      ["costs", "added_inference_flops"], ["costs", "peak_tensor_bytes", "total"],
    ] {
      let json = Self.without(path[...], try Self.json())
      let error = #expect(throws: RecordError.self) { try RunRecord(reading: json, at: "") }
      #expect(error?.complaint.hasSuffix("\"\(path.joined(separator: "."))\"") == true, "\(path)")
      let outer = Self.without(path.prefix(1), try Self.json())
      #expect(throws: RecordError.self, "\(path)") { try RunRecord(reading: outer, at: "") }
    }
    var json = try Self.json()
    json["scores"]?["primary"]?["value"] = 1.5
    #expect(throws: RecordError.score(1.5, path: "scores.primary.value")) { try RunRecord(reading: json, at: "") }
  }

  @Test("Records of earlier versions lack the other members, or have numbers that no integer holds") func earlier()
    throws
  {
    for path in [
      ["identity"], ["data"], ["training"], ["evaluation"], ["sets"], ["pscp"], ["environment"], ["timestamps"],
      ["model", "dtype"], ["method", "label"], ["scores", "protocol"], ["scores", "count"], ["pscp", "beta"],
      ["costs", "peak_rss_bytes"],
    ] {
      let json = Self.without(path[...], try Self.json())
      #expect(throws: Never.self, "\(path)") { try RunRecord(reading: json, at: "") }
      // What a run can be without is not written as null.
      if ["data", "identity", "sets", "pscp", "environment", "timestamps"].contains(path.joined()) {
        #expect(try RunRecord(reading: json, at: "").json[path[0]] == nil)
      }
    }
    var json = try Self.json()
    json["seed"] = 1e300
    json["costs"]?["inference_flops"] = 1e300
    let record = try RunRecord(reading: json, at: "")
    #expect(record.seed == 0 && record.costs.inferenceFLOPs == 1e300)
    #expect(record.json.value(at: "costs.inference_flops") == 1e300)
  }

  @Test("Rows of a class that no file has are not counted, and those that one may have are counted at once")
  func enormousSupports() throws {
    func scores(_ support: Double) throws -> AnswerSummary {
      var json = try Self.json()
      json["scores"]?["per_class"] = [
        ["label": "a", "precision": 1, "recall": 1, "f1": 1, "support": 3],
        ["label": "b", "precision": 0, "recall": 0, "f1": 0, "support": .number(support)],
      ]
      return try RunRecord(reading: json, at: "").scores.summary
    }
    for support in [9e18, -1, 0x1p41] { #expect(try scores(support).classes.map(\.label) == ["a"], "\(support)") }
    let supports = try scores(0x1p40).classes.map(\.support)
    #expect(supports == [3, 1 << 40])
    #expect(LabelScore.accuracy.value(ofAnswer: 1, supports: supports) == 0x1p40 / (0x1p40 + 3))
    #expect(LabelScore.recall(1).value(ofAnswer: 1, supports: supports) == 1)
  }

  private static func without(_ path: ArraySlice<String>, _ json: JSONValue) -> JSONValue {
    var json = json
    guard let key = path.first else { return json }
    if path.count == 1 {
      json[key] = nil
    } else if let inner = json[key] {
      json[key] = without(path.dropFirst(), inner)
    }
    return json
  }
}
