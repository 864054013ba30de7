import PEFTCore

/// The methods there are.
public enum MethodRegistry {
  /// All methods, in the order in which they are listed.
  public static let all: [any PEFTMethod.Type] = [
    LoRA.self, AdaLoRA.self, PromptTuning.self, MPT.self, PrefixTuning.self, PTuning.self, IA3.self,
    BottleneckAdapter.self,
    BitFit.self, BEFT.self, LNTuning.self, OFT.self, HRA.self, RoAd.self, VeRA.self, PVeRA.self, SVFT.self, HiRA.self,
    LoHa.self, LoKr.self, MiSS.self, GraLoRA.self, DeLoRA.self, GLoRA.self, DEFT.self, SHiRA.self, SuperTuning.self,
    TrainableTokens.self, LLaMAAdapter.self, DoRA.self, PiSSA.self, LoRAPlus.self, QLoRA.self, PTuningV2.self,
    SequentialAdapter.self, ParallelAdapter.self,
    CombinedMethod.self, FullFineTuning.self, GaLoreMethod.self, NoMethod.self,
  ]

  /// The method called `name`; underscores and hyphens are the same.
  public static func method(named name: String) -> (any PEFTMethod.Type)? {
    let wanted = name.lowercased().replacing("_", with: "-")
    return all.first { $0.name == wanted }
  }

  /// The name of the method that is called `name`, which may be spelled otherwise; the name itself where there is none.
  public static func canonicalName(_ name: String) -> String { method(named: name)?.name ?? name }

  /// The name of the base model without any method, as configs and records have it.
  public static let baseName = NoMethod.name

  /// Whether the method called `name` has anything to train; one that is not known here is taken to have.
  public static func trains(_ name: String) -> Bool { method(named: name)?.trains ?? true }

  /// Whether the method called `name` is full fine-tuning, plain or by projections.
  public static func trainsEveryWeight(_ name: String) -> Bool {
    [name, method(named: name)?.variantOf].contains(FullFineTuning.name)
  }

  /// What others give a name of its own, and how a config asks for it here.
  private static let namesElsewhere = [
    "bd-lora": "name: lora with block_diagonal", "bone": "name: miss", "corda": "name: lora with init: corda",
    "eva": "name: lora with init: eva", "lora-fa": "name: lora with rule: lora-fa",
    "lora-ga": "name: lora with init: lora-ga", "loftq": "name: lora with init: loftq",
    "mica": "name: lora with init: mica", "olora": "name: lora with init: olora", "para": "name: deft with para: true",
    "rslora": "name: lora with rslora: true", "supra": "name: super-tuning with rank",
  ]

  /// Says that no method is called `name`, with the nearest of those that may be meant and all of them.
  public static func unknown(_ name: String, among names: [String] = names) -> String {
    let elsewhere = namesElsewhere[name.lowercased().replacing("_", with: "-")].map { "; it is \($0)." }
    let hint = elsewhere ?? NearestName.of(name, among: names).map { "; did you mean \"\($0)\"?" } ?? "."
    return "unknown method \(name.debugDescription)\(hint) Available: \(names.joined(separator: ", "))"
  }

  /// All names, in the order in which they are listed.
  public static var names: [String] { all.map { $0.name } }
}
