extension DatasetMetric {
  /// The metrics of the datasets of the group `studies`: accuracy first, with macro-F1 and the others beside it.
  package static let studies: [DatasetMetric] = [
    .init(dataset: "ag_news", family: .multiClass(labels: ["world", "sports", "business", "technology"])),
    .init(
      dataset: "trec",
      family: .multiClass(labels: ["abbreviation", "entity", "description", "human", "location", "number"])),
    .init(
      dataset: "snips",
      family: .multiClass(labels: ["playlist", "restaurant", "weather", "music", "rating", "work", "screening"])),
    .init(
      dataset: "dbpedia_14",
      family: .multiClass(labels: [
        "company", "school", "artist", "athlete", "politician", "transport", "building", "nature", "village", "animal",
        "plant", "album", "film", "book",
      ])),
    binary("yelp_polarity", "negative", "positive"),
    .init(dataset: "snli", family: .multiClass(labels: ["entailment", "neutral", "contradiction"])),
    binary("scitail", "entailment", "neutral"),
    .init(
      dataset: "yahoo_answers_topics",
      family: .multiClass(labels: [
        "society", "science", "health", "education", "computers", "sports", "business", "entertainment", "family",
        "politics",
      ])),
    .init(
      dataset: "sst5",
      family: .multiClass(labels: ["very negative", "negative", "neutral", "positive", "very positive"])),
    binary("imdb", "negative", "positive"),
  ]
}
