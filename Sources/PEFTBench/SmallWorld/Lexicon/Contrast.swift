/// Sentences in which a blank stands for one of two, and one word decides for which.
package struct Contrast: Sendable {
  /// The sentence with `{A}`, `{B}` and `_`; `{w}` is the word that decides.
  package let text: String
  /// Words by which it is the first, and words by which it is the second.
  let first: [String]
  let second: [String]
  /// What the two can be: names of people where empty.
  let things: [(String, String)]

  private init(_ text: String, _ first: String, _ second: String, _ things: [(String, String)] = []) {
    self.text = text
    self.first = first.split(separator: "|").map(String.init)
    self.second = second.split(separator: "|").map(String.init)
    self.things = things
  }

  private static let containers = [
    ("cup", "box"), ("book", "bag"), ("ball", "chest"), ("hat", "basket"), ("doll", "drawer"), ("pot", "cupboard"),
    ("letter", "envelope"), ("bike", "shed"),
  ]
  private static let pairs = [
    ("stone", "pillow"), ("coat", "shirt"), ("cup", "jug"), ("ladder", "stool"), ("car", "bike"), ("lamp", "candle"),
    ("apple", "melon"), ("knife", "spoon"), ("desk", "shelf"), ("rope", "string"),
  ]

  /// The sentences.
  package static let all: [Contrast] = [
    Contrast(
      "The {A} did not go into the {B} because the _ was too {w}.", "big|wide|large|thick", "small|narrow|tight|full",
      containers),
    Contrast(
      "The {A} fits well into the {B} since the _ is {w}.", "small|little|flat|thin", "big|large|wide|empty", containers
    ),
    Contrast(
      "She bought the {A} and not the {B} because the _ was {w}.", "cheap|new|pretty|good", "dear|old|ugly|broken",
      pairs),
    Contrast(
      "He took the {A} in place of the {B} because the _ was {w}.", "near|clean|strong|useful",
      "far|dirty|weak|useless",
      pairs),
    Contrast(
      "The {A} was put away and the {B} was used, so the _ was {w}.", "clean|safe|dusty|hidden",
      "dirty|worn|busy|needed", pairs),
    Contrast("{A} could lift the stone but {B} could not, as _ was {w}.", "strong|big|tall", "weak|small|ill"),
    Contrast("{A} won the race against {B} because _ was {w}.", "fast|quick|fit", "slow|lame|tired"),
    Contrast("{A} paid for {B} because _ was {w}.", "rich|generous|kind", "poor|short of money|young"),
    Contrast("{A} helped {B} over the road because _ was {w}.", "kind|young|helpful", "old|blind|afraid"),
    Contrast("{A} gave {B} a coat because _ was {w}.", "warm|generous|kind", "cold|wet|freezing"),
    Contrast("{A} asked {B} for bread because _ was {w}.", "hungry|poor|starving", "a baker|generous|rich"),
    Contrast("{A} sang {B} to sleep because _ was {w}.", "a singer|gentle|awake", "tired|a baby|restless"),
    Contrast("{A} called {B} a liar because _ was {w}.", "angry|upset|furious", "dishonest|false|lying"),
    Contrast("{A} asked {B} the way because _ was {w}.", "lost|new in town|a stranger", "a guide|from here|a local"),
    Contrast("{A} could reach the shelf but {B} could not, as _ was {w}.", "tall|long|high", "short|little|low"),
    Contrast("{A} taught {B} to read because _ was {w}.", "a teacher|clever|patient", "a pupil|young|eager to learn"),
    Contrast("{A} waited an hour for {B} because _ was {w}.", "early|patient|in no hurry", "late|slow|held up"),
    Contrast("{A} nursed {B} for a week because _ was {w}.", "a nurse|caring|well", "ill|hurt|in bed"),
    Contrast("{A} ran away from {B} because _ was {w}.", "scared|afraid|shy", "angry|cruel|wild"),
    Contrast("{A} thanked {B} for the help because _ was {w}.", "grateful|polite|glad", "helpful|kind|useful"),
    Contrast("{A} beat {B} at chess although _ was {w}.", "a beginner|young|tired", "a master|clever|good"),
    Contrast("{A} was {w} but {B} was not, so _ could carry the heavy box.", "strong|big|fit", ""),
    Contrast("{A} was {w} but {B} was not, so _ went to the doctor.", "ill|hurt|sick", ""),
    Contrast("{A} was {w} but {B} was not, so _ went to bed.", "tired|weary|sleepy", ""),
    Contrast("{A} was {w} but {B} was not, so _ ate the soup.", "hungry|starving|thin", ""),
    Contrast("{A} was {w} but {B} was not, so _ did well at school.", "clever|smart|diligent", ""),
    Contrast("{A} was not {w} but {B} was, so _ carried the heavy box.", "", "strong|big|fit"),
    Contrast("{A} was not {w} but {B} was, so _ stayed in bed.", "", "ill|hurt|sick"),
    Contrast("{A} was not {w} but {B} was, so _ bought the big house.", "", "rich|wealthy"),
    Contrast("{A} was not {w} but {B} was, so _ won the race.", "", "fast|quick|fit"),
  ]

  /// A sentence, the two, and which of them fits.
  package struct Item: Sendable {
    /// The sentence with its blank.
    package let sentence: String
    /// The first and the second that it names.
    package let names: [String]
    /// Which of them fills the blank.
    package let right: Int
  }

  /// An item of a split, or nil where the draw belongs to another.
  package static func item(in split: WorldSplit, _ draws: inout Draws) -> Item? {
    let index = draws.integer(below: all.count)
    let contrast = all[index]
    let right = contrast.first.isEmpty ? 1 : contrast.second.isEmpty ? 0 : draws.integer(below: 2)
    let word = draws.pick(right == 0 ? contrast.first : contrast.second)
    let names: [String]
    if contrast.things.isEmpty {
      let first = draws.pick(Person.named)
      guard let second = draws.pick(Person.named, except: { $0 == first || $0.gender != first.gender }) else {
        return nil
      }
      names = [first.name, second.name]
    } else {
      let pair = draws.pick(contrast.things)
      names = [pair.0, pair.1]
    }
    // Both words of a contrast are told of the same two in the same split.
    guard WorldSplit.of("contrast|\(index)|\(names[0])|\(names[1])") == split else { return nil }
    return Item(
      sentence: contrast.text.replacing("{A}", with: names[0]).replacing("{B}", with: names[1])
        .replacing("{w}", with: word),
      names: names, right: right)
  }
}
