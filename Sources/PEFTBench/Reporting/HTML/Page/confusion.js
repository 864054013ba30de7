// Which label was taken for which, of the run that is chosen.
(() => {
  const data = pageData("confusion-data");
  if (!data || !data.datasets.length) return;
  const [form, box] = [byId("confusion-form"), byId("confusion-tables")];
  const [dataset, run] = [byId("confusion-dataset"), byId("confusion-run")];
  // More labels than these are shown by the pairs that are confused most.
  const widest = 20, mostPairs = 15;

  const makeTable = (name, titles, rows, style) => {
    const scroll = make("div", "scroll");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", name);
    const table = make("table", style);
    table.append(make("caption", "vh", name));
    const head = table.createTHead().insertRow();
    titles.forEach((title, place) => {
      const cell = make("th", place ? "" : "w", title);
      cell.scope = "col";
      head.append(cell);
    });
    const body = table.createTBody();
    for (const cells of rows) {
      const row = body.insertRow();
      cells.forEach((content, place) => {
        const {text, style} = typeof content === "object" ? content : {text: String(content), style: ""};
        const cell = make(place ? "td" : "th", style, text);
        if (!place) cell.scope = "row";
        row.append(cell);
      });
    }
    scroll.append(table);
    return scroll;
  };

  const matrixTable = (matrix, name) => {
    const labels = matrix.labels;
    if (labels.length > widest) {
      const pairs = [];
      matrix.counts.forEach((row, gold) => row.forEach((count, answer) => {
        if (gold !== answer && count) pairs.push([labels[gold], labels[answer], count]);
      }));
      pairs.sort((a, b) => b[2] - a[2]);
      const most = pairs.slice(0, mostPairs);
      const part = make("div");
      part.append(
        make("p", "caption", `The ${most.length} pairs of labels that are confused most; the whole matrix of ${labels.length} labels is in the run's record.json.`),
        makeTable(`Confused labels of ${name}`, ["gold", "answered as", "rows"], most, "words"));
      return part;
    }
    const rows = matrix.counts.map((counts, gold) => {
      const all = [...counts, matrix.invalid[gold]];
      const total = all.reduce((sum, count) => sum + count, 0);
      return [labels[gold], ...all.map(count => ({text: String(count), style: "h" + (total ? Math.min(9, Math.floor(10 * count / total)) : 0)}))];
    });
    return makeTable(`Confusion matrix of ${name}`, ["gold, answered as", ...labels, "invalid"], rows, "heat");
  };

  const show = () => {
    const chosen = data.datasets[+dataset.value].runs[+run.value];
    const name = `${data.datasets[+dataset.value].name}, ${run.selectedOptions[0].textContent}`;
    const parts = [];
    if (chosen.matrix) parts.push(matrixTable(chosen.matrix, name));
    else if (chosen.absence) parts.push(make("p", "caption", `No confusion matrix of ${chosen.absence}.`));
    parts.push(makeTable(
      `Labels of ${name}`, ["label", "precision", "recall", "F1", "rows"],
      chosen.labels.map((label, place) => {
        const [precision, recall, f1, support] = chosen.classes[place];
        return [label, ...[precision, recall, f1].map(value => value.toFixed(1)), support];
      }), ""));
    box.replaceChildren(...parts);
  };
  const fillRuns = () => {
    run.replaceChildren();
    data.datasets[+dataset.value].runs.forEach((entry, place) =>
      option(run, place, data.methods[entry.method] + (entry.seed === null ? "" : `, seed ${entry.seed}`)));
    show();
  };
  data.datasets.forEach((entry, place) => option(dataset, place, entry.name));
  dataset.addEventListener("change", fillRuns);
  run.addEventListener("change", show);
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
  fillRuns();
})();
