import Testing

@testable import PEFTMethods

@Suite("Expressions for sites") struct SiteExpressionTests {
  @Test(
    "They match as Python's fullmatch does",
    arguments: [
      ("q_proj", "q_proj", true), ("q_proj", "model.q_proj", false), (".*q_proj", "model.q_proj", true),
      (".*\\.(q|k|v)_proj", "model.layers.3.self_attn.k_proj", true), (".*(q|v)_proj", "a.k_proj", false),
      ("model\\.layers\\.[0-3]\\..*", "model.layers.3.mlp.up_proj", true), ("layers\\.\\d+", "layers.12", true),
      ("[^.]*", "a.b", false), ("[^.]+", "ab", true), ("[a-c_]{2,3}", "a_c", true), ("[a-c_]{2,3}", "a", false),
      ("a{2}", "aa", true), ("a{2}", "aaa", false), ("a{,2}b", "aab", true), ("a{x}", "a{x}", true),
      ("(ab)*", "abab", true),
      ("(?:ab)+?", "ab", true), ("a|", "", true), ("^a$", "a", true), ("(?!.*visual).*proj", "model.proj", true),
      ("(?!.*visual).*proj", "visual.proj", false), ("(?=.*up).*proj", "up_proj", true), ("\\bup.*", "up_proj", true),
      ("(?P<name>up).*", "up_proj", true), (".*\\.[]a]", "x.]", true), ("\\w+", "\u{E9}1_", true),
      ("a.c", "a\nc", false),
    ])
  func matches(pattern: String, text: String, expected: Bool) throws {
    #expect(try #require(SiteExpression(pattern)).matches(text) == expected)
  }

  @Test(
    "What is no expression, or none that is supported, is refused",
    arguments: [
      "(", ")", "(a", "a)", "[a", "*a", "a**", "+", "(?<=a)b", "(a)\\1", "(?i)a", "a{3,2}", "a{2000}", "[b-a]", "\\",
      "((a{1000}){1000}){1000}", String(repeating: "(", count: 10_000) + String(repeating: ")", count: 10_000),
    ])
  func refused(pattern: String) { #expect(SiteExpression(pattern) == nil) }

  @Test(
    "No expression takes long",
    arguments: [
      "(.*)*x", "(a+)+b", "(a|a)*b", "((a*)*)*b", "(.*.*.*.*.*.*.*.*)*x", "(?=(.*)*x).*(?=(a|aa)+b)", "(a?){500}b",
    ])
  func bounded(pattern: String) throws {
    let expression = try #require(SiteExpression(pattern))
    #expect(!expression.matches(String(repeating: "a", count: 300)))
  }
}
