// Wrong answers, looked through by dataset, label, method and seed, two methods side by side if wanted.
(() => {
  const data = pageData("answers-data");
  if (!data || !data.datasets.length) return;
  const [form, list, more] = [byId("answers-form"), byId("answers-list"), byId("answers-more")];
  const fields = Object.fromEntries(
    ["dataset", "label", "method", "other", "seed", "rows", "query"].map(name => [name, byId("answers-" + name)]));
  const bases = new Set(data.zero_shot);

  option(fields.dataset, "", "all datasets");
  data.datasets.forEach((entry, index) => option(fields.dataset, index, entry.name));
  option(fields.method, "", "any method");
  option(fields.other, "", "nothing");
  const used = [...new Set(data.datasets.flatMap(entry => entry.runs.map(run => run[0])))].sort((a, b) => a - b);
  for (const method of used) {
    option(fields.method, method, data.methods[method]);
    option(fields.other, method, data.methods[method]);
  }
  option(fields.seed, "", "any seed");
  const seeds = [...new Set(data.datasets.flatMap(entry => entry.runs.map(run => run[1])))].sort((a, b) => a - b);
  for (const seed of seeds) option(fields.seed, seed, seed);
  form.hidden = false;
  form.addEventListener("submit", event => event.preventDefault());

  const datasets = () => fields.dataset.value === "" ? data.datasets : [data.datasets[+fields.dataset.value]];

  /** The labels of the chosen datasets; texts that are hardly ever equal are none. */
  const fillLabels = () => {
    const labels = [...new Set(datasets().flatMap(entry => entry.examples.map(example => example.label)))].sort();
    const chosen = fields.label.value;
    fields.label.replaceChildren();
    option(fields.label, "", "any label");
    if (labels.length <= 60) labels.forEach(label => option(fields.label, "=" + label, label === "" ? "(empty)" : label));
    if (labels.includes(chosen.slice(1))) fields.label.value = chosen;
    fields.label.parentElement.hidden = labels.length > 60 || labels.length < 2;
  };

  const kinds = {
    wrong: ["that the method has wrong", true], invalid: ["with an answer that is no label", true],
    "first-only": ["that the first has wrong alone", false], "second-only": ["that the second has wrong alone", false],
    both: ["that both have wrong", false],
  };
  const fillKinds = () => {
    const chosen = fields.rows.value || "wrong";
    const pair = fields.method.value !== "" && fields.other.value !== "" && fields.method.value !== fields.other.value;
    fields.rows.replaceChildren();
    const hasInvalid = data.datasets.some(entry => entry.examples.some(example => example.answers.some(answer => answer[2])));
    for (const [kind, [text, isSingle]] of Object.entries(kinds)) {
      if (kind === "invalid" && !hasInvalid) continue;
      if (isSingle || pair) option(fields.rows, kind, pair && kind === "wrong" ? "that one of them has wrong" : text);
    }
    fields.rows.value = [...fields.rows.options].some(entry => entry.value === chosen) ? chosen : "wrong";
  };

  const marked = (text, style, words) => {
    const element = make("span", style);
    let rest = text;
    while (words && rest) {
      const place = rest.toLowerCase().indexOf(words);
      if (place < 0) break;
      element.append(rest.slice(0, place), make("mark", "", rest.slice(place, place + words.length)));
      rest = rest.slice(place + words.length);
    }
    element.append(rest);
    return element;
  };

  /** Whether a run's answers are looked through: those of the model as it is where nothing else is, or it is asked for. */
  const isJudged = run => !bases.has(run[0]) || bases.size === used.length || fields.method.value === String(run[0]);

  /** "lora (42, 123); ia3 (42)". */
  const names = runs => {
    const seeds = new Map();
    for (const [method, seed] of runs) seeds.set(method, [...(seeds.get(method) || []), seed]);
    return [...seeds].map(([method, list]) => data.methods[method] + (bases.has(method) ? "" : ` (${list.join(", ")})`)).join("; ");
  };

  const term = (terms, title, text, style, words, who, isInvalid) => {
    const box = make("dd", style);
    box.append(marked(text === "" ? "(empty)" : text, "said", words));
    if (isInvalid) box.append(" ", make("span", "flag", "no label"));
    if (who) box.append(" ", make("span", "who", who));
    terms.append(make("dt", "", title), box);
  };

  /** What one method answered to an example: its wrong answers by seed, and the seeds that have it right. */
  const column = (entry, example, method, words) => {
    const box = make("div");
    box.append(make("h4", "", data.methods[method]));
    const terms = make("dl");
    const wrong = new Set();
    for (const [text, runs, isInvalid] of example.answers) {
      const own = runs.filter(run => run[0] === method);
      own.forEach(run => wrong.add(run[1]));
      if (own.length) term(terms, "given", text, "", words, bases.has(method) ? "" : `seed ${own.map(run => run[1]).join(", ")}`, isInvalid);
    }
    const right = entry.runs.filter(run => run[0] === method && !wrong.has(run[1]));
    if (right.length) term(terms, "right", example.label, "gold", words, bases.has(method) ? "" : `seed ${right.map(run => run[1]).join(", ")}`);
    if (!right.length && !wrong.size) terms.append(make("dt", "", "no run"), make("dd"));
    box.append(terms);
    return box;
  };

  const card = ({entry, example}, words) => {
    const box = make("article", "answer");
    box.append(make("h4", "", `${entry.name}, row ${example.row}`));
    const prompt = make("pre");
    prompt.tabIndex = 0;
    prompt.append(marked(example.prompt, "said", words));
    const terms = make("dl");
    term(terms, "gold", example.label, "gold", words);
    box.append(prompt, terms);
    const [method, other] = [fields.method.value, fields.other.value];
    if (method !== "" && other !== "" && method !== other) {
      const sides = make("div", "sides");
      sides.append(column(entry, example, +method, words), column(entry, example, +other, words));
      box.append(sides);
      return box;
    }
    const base = make("dl");
    for (const [text, runs, isInvalid] of example.answers) {
      const [own, zeroShot] = [runs.filter(isJudged), runs.filter(run => !isJudged(run))];
      if (own.length) term(terms, "given", text, "", words, names(own), isInvalid);
      if (zeroShot.length) term(base, "given", text, "", words, names(zeroShot), isInvalid);
    }
    if (base.children.length) {
      const folded = make("details");
      folded.append(make("summary", "", "zero-shot"), base);
      box.append(folded);
    }
    return box;
  };

  const page = 8;
  let found = [];
  let shown = 0;
  const show = () => {
    const words = fields.query.value.trim().toLowerCase();
    list.append(...found.slice(shown, shown + page).map(entry => card(entry, words)));
    shown = Math.min(found.length, shown + page);
    more.hidden = shown >= found.length;
    byId("answers-count").textContent = `${found.length} ${found.length === 1 ? "example" : "examples"}, ${shown} shown`;
  };

  const matches = example => {
    const seed = fields.seed.value === "" ? null : +fields.seed.value;
    const [first, second] = [fields.method, fields.other].map(field => field.value === "" ? null : +field.value);
    const kind = fields.rows.value;
    const isWrong = (method, isInvalid) =>
      example.answers.some(([, runs, invalid]) =>
        (!isInvalid || invalid)
        && runs.some(run => (method === null ? isJudged(run) : run[0] === method) && (seed === null || run[1] === seed || bases.has(run[0]))));
    const hasPair = first !== null && second !== null && first !== second;
    switch (kind) {
      case "first-only": return isWrong(first) && !isWrong(second);
      case "second-only": return isWrong(second) && !isWrong(first);
      case "both": return isWrong(first) && isWrong(second);
      default: return isWrong(first, kind === "invalid") || (hasPair && isWrong(second, kind === "invalid"));
    }
  };

  const search = () => {
    const words = fields.query.value.trim().toLowerCase();
    const label = fields.label.value;
    found = datasets().flatMap(entry => entry.examples.filter(example => {
      if (label !== "" && "=" + example.label !== label) return false;
      if (!matches(example)) return false;
      const texts = [example.prompt, example.label, ...example.answers.map(answer => answer[0])];
      return !words || texts.some(text => text.toLowerCase().includes(words));
    }).map(example => ({entry, example})));
    shown = 0;
    list.replaceChildren();
    show();
  };
  for (const name of ["dataset", "label", "method", "other", "seed", "rows"])
    fields[name].addEventListener("change", () => {
      if (name === "dataset") fillLabels();
      if (name === "method" || name === "other") fillKinds();
      search();
    });
  fields.query.addEventListener("input", search);
  more.addEventListener("click", show);
  fillLabels();
  fillKinds();
  search();
})();
