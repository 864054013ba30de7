import PEFTCore
import TableFiles

extension DatasetCatalogue {
  /// Ten datasets of studies that PEFT-Bench does not have, in the order of their first use there: those of DENI
  /// (arXiv 2406.12471), then the further ones of Task Prompt Vectors (arXiv 2408.01119).
  ///
  /// Columns are those of the Hub. Where a publisher's class names are no words that a model would answer with (`ABBR`,
  /// `EducationalInstitution`), labels are words of ours in the order of the class ids, and the published names are read too.
  static let studies: [DatasetDescription] = [
    .classification(
      "ag_news", .studies, "AG News", DatasetSource("fancyzhx/ag_news"), evaluationSplits: publicTest,
      columns: [["text"], ["label"]],
      instruction: "Which section does this news item belong to? Reply with world, sports, business or technology."
    ) { row in
      [
        row.example(
          [.init(nil, try row.text("text"))],
          label: try row.label("label", published: ["World", "Sports", "Business", "Sci/Tech"]))
      ]
    },
    .classification(
      "trec", .studies, "TREC", DatasetSource("CogComp/trec"), evaluationSplits: publicTest,
      columns: [["text"], ["coarse_label", "label-coarse"]],
      instruction:
        "What kind of answer does this question ask for? Reply with abbreviation, entity, description, human, "
        + "location or number."
    ) { row in
      [
        row.example(
          [.init(nil, try row.text("text"), isQuestion: true)],
          label: try row.label(
            "coarse_label", "label-coarse", published: ["ABBR", "ENTY", "DESC", "HUM", "LOC", "NUM"]))
      ]
    },
    .classification(
      "snips", .studies, "SNIPS", DatasetSource("benayas/snips"), evaluationSplits: publicTest,
      columns: [["text"], ["intent", "category", "label"]],
      instruction:
        "What does the user want? Reply with playlist (put music on one), restaurant (book a table), weather, "
        + "music (play it), rating (rate a book), work (look for a title) or screening (find film times)."
    ) { row in
      [
        row.example(
          [.init(nil, try row.text("text"), isQuestion: true)],
          label: try row.label(
            "intent", "category", "label",
            published: [
              "AddToPlaylist", "BookRestaurant", "GetWeather", "PlayMusic", "RateBook", "SearchCreativeWork",
              "SearchScreeningEvent",
            ]))
      ]
    },
    .classification(
      "dbpedia_14", .studies, "DBpedia", DatasetSource("fancyzhx/dbpedia_14", "dbpedia_14"),
      evaluationSplits: publicTest, columns: [["title"], ["content"], ["label"]],
      instruction: "What is described? Reply with company, school, artist, athlete, politician, transport, building, "
        + "nature, village, animal, plant, album, film or book."
    ) { row in
      let fields = [
        Example.Field("Title", try row.text("title"), isQuestion: true),
        Example.Field("Description", try row.text("content")),
      ]
      return [
        row.example(
          fields,
          label: try row.label(
            "label",
            published: [
              "Company", "EducationalInstitution", "Artist", "Athlete", "OfficeHolder", "MeanOfTransportation",
              "Building", "NaturalPlace", "Village", "Animal", "Plant", "Album", "Film", "WrittenWork",
            ]))
      ]
    },
    .classification(
      "yelp_polarity", .studies, "Yelp Polarity", DatasetSource("fancyzhx/yelp_polarity", "plain_text"),
      evaluationSplits: publicTest, columns: [["text"], ["label"]],
      instruction: "Does this review speak well or badly of the place? Reply with positive or negative."
    ) { row in
      [row.example([.init(nil, try row.text("text"))], label: try row.label("label"))]
    },
    .classification(
      "snli", .studies, "SNLI", DatasetSource("stanfordnlp/snli", "plain_text"), testSplits: ["test"],
      columns: [["premise", "sentence1"], ["hypothesis", "sentence2"], ["label", "gold_label"]],
      instruction: "The premise describes a picture. Is the hypothesis true of it as well? Reply with entailment if it "
        + "must be, contradiction if it cannot be, or neutral if it may be."
    ) { row in
      // Where the annotators did not agree there is no label, in every split.
      let label = try row.value(["label", "gold_label"])
      if label.integer == -1 || label.string == "-" || label.string == "-1" {
        throw SkippedRow(reason: "without an agreed label")
      }
      return [
        row.example(try premiseAndHypothesis(of: row), label: try row.label("label", "gold_label"))
      ]
    },
    .classification(
      "scitail", .studies, "SciTail", DatasetSource("allenai/scitail", "tsv_format"), testSplits: ["test"],
      columns: [["premise", "sentence1"], ["hypothesis", "sentence2"], ["label", "gold_label"]],
      instruction:
        "Does the premise support the hypothesis? Reply with entailment if it does, or neutral if it does not."
    ) { row in
      [
        row.example(
          try premiseAndHypothesis(of: row),
          label: try row.label("label", "gold_label", published: ["entails", "neutral"]))
      ]
    },
    .classification(
      "yahoo_answers_topics", .studies, "Yahoo Answers Topics",
      DatasetSource("community-datasets/yahoo_answers_topics", "yahoo_answers_topics"), evaluationSplits: publicTest,
      columns: [["question_title"], ["question_content"], ["best_answer"], ["topic"]],
      instruction: "Which topic is this question about? Reply with society, science, health, education, computers, "
        + "sports, business, entertainment, family or politics."
    ) { row in
      var fields = [Example.Field("Question", try row.text("question_title"), isQuestion: true)]
      // Many questions are all title, and few have no answer.
      for (name, column) in [("Details", "question_content"), ("Answer", "best_answer")] {
        let text = try row.text(column)
        if !text.isEmpty { fields.append(.init(name, text)) }
      }
      return [
        row.example(
          fields,
          label: try row.label(
            "topic",
            published: [
              "Society & Culture", "Science & Mathematics", "Health", "Education & Reference", "Computers & Internet",
              "Sports", "Business & Finance", "Entertainment & Music", "Family & Relationships",
              "Politics & Government",
            ]))
      ]
    },
    .classification(
      "sst5", .studies, "SST-5", DatasetSource("SetFit/sst5"), testSplits: ["test"],
      columns: [["text", "sentence"], ["label", "label_text"]],
      instruction: "How does this part of a film review judge the film? Reply with very negative, negative, neutral, "
        + "positive or very positive."
    ) { row in
      [row.example([.init(nil, try row.text("text", "sentence"))], label: try row.label("label", "label_text"))]
    },
    .classification(
      "imdb", .studies, "IMDb", DatasetSource("stanfordnlp/imdb", "plain_text"), evaluationSplits: publicTest,
      columns: [["text"], ["label"]],
      instruction: "Does this review speak well or badly of the film? Reply with positive or negative."
    ) { row in
      [
        row.example(
          [.init(nil, try row.text("text"))], label: try row.label("label", published: ["neg", "pos"]))
      ]
    },
  ]

  /// Where a test split has labels and there is no validation split, it is the one that is scored; copies may call it
  /// `validation`.
  private static let publicTest = ["test", "validation"]

  private static func premiseAndHypothesis(of row: SourceRow) throws -> [Example.Field] {
    [
      Example.Field("Premise", try row.text("premise", "sentence1")),
      Example.Field("Hypothesis", try row.text("hypothesis", "sentence2"), isQuestion: true),
    ]
  }
}
