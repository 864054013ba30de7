import PEFTCore
import Testing

@testable import PEFTMethods

@Suite("Recipes of combinations") struct CombinationRecipeTests {
  private func recipe(_ expression: String, _ options: JSONValue = [:]) throws -> CombinationRecipe {
    var options = options
    options["combine"] = JSONValue(expression)
    options["adapters"] = ["a": "folder-a", "b": "folder-b"]
    return try makeRecipe(options)
  }

  @Test("What determines a combination tells whose origin it is, and what each adapter started from")
  func identity() throws {
    let origin = try recipe("origin")
    #expect(
      origin.canonical(hashes: ["1", "2"], origin: nil) != origin.canonical(hashes: ["1", "3"], origin: nil))
    let sum = try recipe("origin + a")
    // Without origins that are told it is what it was.
    let plain: JSONValue = [
      "terms": [["adapter": "1", "weight": 1.0]], "origin": "common", "convention": "task-vector", "type": .null,
    ]
    #expect(sum.canonical(hashes: ["1", "2"], origin: nil) == plain)
    #expect(sum.canonical(hashes: ["1", "2"], origins: [nil, "x"], origin: nil) == plain)
    let told = sum.canonical(hashes: ["1", "2"], origins: ["x", "y"], origin: nil)
    #expect(told != plain && told == sum.canonical(hashes: ["1", "2"], origins: ["x", "z"], origin: nil))
    #expect(told != sum.canonical(hashes: ["1", "2"], origins: ["y", "y"], origin: nil))
    let common = try recipe("origin + a", ["origin": "neutral"])
    #expect(
      common.canonical(hashes: ["1", "2"], origins: ["x", nil], origin: "neutral")
        == common.canonical(hashes: ["1", "2"], origin: "neutral"))
    let exact = try recipe("a + b", ["convention": "delta"])
    #expect(
      exact.canonical(hashes: ["1", "2"], origins: ["x", "y"], origin: nil)
        == exact.canonical(hashes: ["1", "2"], origin: nil))
  }

  @Test(
    "An option that means nothing is refused by its name",
    arguments: [
      ("a + b", ["convention": "delta", "type": "svd", "svd_clamp": 0.9], "svd_clamp: delta svd cuts no factors"),
      ("a + b", ["convention": "hf", "type": "linear", "svd_clamp": 0.9], "svd_clamp: hf linear cuts no factors"),
      ("a + b", ["convention": "mergekit", "svd_clamp": 0.9], "svd_clamp: mergekit task_arithmetic cuts no factors"),
      ("a + b", ["convention": "hf", "majority_sign_method": "total"], "majority_sign_method: hf svd elects no sign"),
      (
        "a + b", ["convention": "mergekit", "type": "ties", "density": 0.5, "gamma": 0.1], "gamma: mergekit ties drops"
      ),
      ("a + b", ["epsilon": 0.1], "epsilon: task-vector moves no density"),
      (
        "a + b", ["convention": "hf", "type": "ties", "density": 0.5, "seed": 1], "seed: hf ties draws no random masks"
      ),
      ("a + b", ["density": 0.5], "density: task-vector leaves nothing out"),
      ("a + b", ["convention": "hf", "origin": "neutral"], "origin: only task-vector has origins"),
      ("2*a", ["convention": "hf", "rank": 4], "rank: hf svd takes a single adapter as it is"),
      ("l*a", ["values": ["l": 1, "lamda": 2]], "values: \"lamda\" does not occur in l*a"),
      ("lambda*a", ["values": ["lamda": 2]], "did you mean lambda?"),
      ("0.5*a + 0.5*a", ["convention": "hf", "type": "linear"], "combine: names a more than once"),
    ] as [(String, JSONValue, String)])
  func meaningless(expression: String, options: JSONValue, message: String) {
    let error = #expect(throws: DocumentError.self) { try recipe(expression, options) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test(
    "Where an option means something it is taken",
    arguments: [
      ["convention": "hf", "svd_clamp": 0.9, "rank": 4],
      ["convention": "hf", "type": "dare_ties", "density": 0.5, "seed": 1, "majority_sign_method": "frequency"],
      ["convention": "mergekit", "type": "breadcrumbs", "density": 0.5, "gamma": 0.1, "rank": 2],
      ["convention": "mergekit", "type": "della", "density": 0.5, "epsilon": 0.1, "seed": 3], ["origin": "neutral"],
    ] as [JSONValue])
  func meaningful(options: JSONValue) {
    #expect(throws: Never.self) { try recipe("a + b", options) }
  }
}
