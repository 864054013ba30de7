import Foundation
import PEFTCore

/// Tensors of an adapter's file that no training changes: shared random projections, the singular vectors that an update
/// is expressed in, positions of entries.
///
/// They are no values to be added, compared or compressed. Adapters whose fixed tensors differ have parameters that do not
/// mean the same.
extension AdapterFile {
  /// Tells whether a tensor is one of them, by PEFT's key without an adapter's name.
  private var isFixed: (_ key: String) -> Bool {
    let ofParts = parts.map { (folder: "\($0.folder)/", isFixed: $0.file.isFixed) }
    let endings = (try? method()).map { type(of: $0).fixedKeyEndings } ?? []
    // LoRA-FA says in no file of PEFT's that it left A alone.
    let leavesA = origin?.options[LowRankRule.optionName] == JSONValue(LowRankRule.frozenA)
    return { key in
      if let part = ofParts.first(where: { key.hasPrefix($0.folder) }) {
        return part.isFixed(String(key.dropFirst(part.folder.count)))
      }
      return leavesA && key.contains(".lora_A.") || endings.contains { key.hasSuffix($0) }
    }
  }

  /// The saved tensors that training changed, as plain values.
  ///
  /// - Throws: As `arrays()`.
  public func trainedArrays() throws -> [AdapterArray] { trained(try arrays()) }

  /// Those of some tensors that training changes.
  public func trained(_ arrays: [AdapterArray]) -> [AdapterArray] {
    let isFixed = isFixed
    return arrays.filter { !isFixed($0.key) }
  }

  /// The fixed tensors as they are stored; of a combined method, whose parts have files of their own, none.
  var fixedTensors: [SafetensorsTensor] {
    let isFixed = isFixed
    return (values?.tensors ?? []).filter { tensor in
      !tensor.type.isReadableAsFloat || isFixed(StoredKeys.withoutAdapterName(tensor.name) ?? tensor.name)
    }
  }

  /// The file beside compressed values that holds the fixed tensors as they are.
  static let fixedName = "adapter_model.fixed.safetensors"

  /// Refuses an adapter whose tensors that no training changes are not those of another adapter of the method.
  ///
  /// - Throws: `CheckpointError` that names the tensor.
  public func checkFixedTensors(against other: AdapterFile) throws {
    // Adapters of other parts are told apart by their options.
    for (own, other) in zip(partFiles, other.partFiles) { try own.checkFixedTensors(against: other) }
    func key(_ tensor: SafetensorsTensor) -> String { StoredKeys.withoutAdapterName(tensor.name) ?? tensor.name }
    let own = Dictionary((values?.tensors ?? []).map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })
    for tensor in other.fixedTensors {
      guard let found = own[key(tensor)], found.shape == tensor.shape, found.holdsSame(as: tensor) else {
        throw CheckpointError(
          file: path, tensor: tensor.name,
          "is not trained, and another one than in \(other.path): their parameters do not mean the same; take the "
            + "convention delta")
      }
    }
  }
}

extension SafetensorsTensor {
  /// Whether another tensor holds the same numbers, bit for bit, in the same type.
  fileprivate func holdsSame(as other: SafetensorsTensor) -> Bool {
    type == other.type && bytes.elementsEqual(other.bytes)
  }
}
