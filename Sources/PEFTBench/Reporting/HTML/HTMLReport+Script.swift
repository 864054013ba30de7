extension HTMLReport {
  /// Sets the chosen theme before anything is drawn.
  static let themeScript = """
    try{const t=localStorage.getItem("peft-bench-theme");if(t==="light"||t==="dark")document.documentElement.dataset.theme=t}catch(e){}
    """

  /// Theme, sorting and the search in wrong answers.
  ///
  /// Texts reach the page by `textContent` alone, so none of them can act.
  static let pageScript = """
    (() => {
      const root = document.documentElement;
      const byId = id => document.getElementById(id);
      const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      const button = byId("theme");
      const name = () => { button.textContent = isDark() ? "Light theme" : "Dark theme"; };
      button.hidden = false;
      name();
      button.addEventListener("click", () => {
        root.dataset.theme = isDark() ? "light" : "dark";
        try { localStorage.setItem("peft-bench-theme", root.dataset.theme); } catch (e) {}
        name();
      });

      const units = {k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15};
      const value = text => {
        const time = text.match(/^(?:(\\d+):)?(\\d+):(\\d\\d)$/);
        if (time) return (+(time[1] || 0)) * 3600 + (+time[2]) * 60 + (+time[3]);
        const number = text.replace(/,/g, "").match(/^<? ?([-+]?\\d+(?:\\.\\d+)?)(?: ?([kMGTP])(?=[A-Z]|$))?/);
        return number ? parseFloat(number[1]) * (units[number[2]] || 1) : NaN;
      };
      for (const table of document.querySelectorAll("table.sortable")) {
        const heads = [...table.tHead.rows[0].cells];
        heads.forEach((head, column) => {
          const sorter = document.createElement("button");
          sorter.type = "button";
          sorter.textContent = head.textContent;
          head.replaceChildren(sorter);
          sorter.addEventListener("click", () => {
            const rises = head.getAttribute("aria-sort") === "descending";
            heads.forEach(other => other.removeAttribute("aria-sort"));
            head.setAttribute("aria-sort", rises ? "ascending" : "descending");
            const rows = [...table.tBodies[0].rows].map(row => {
              const text = row.cells[column].textContent;
              return {row, text, number: value(text)};
            });
            const sign = rises ? 1 : -1;
            rows.sort((a, b) => {
              const known = !isNaN(a.number) - !isNaN(b.number);
              if (isNaN(a.number) && isNaN(b.number)) return sign * a.text.localeCompare(b.text);
              return known ? -known : sign * (a.number - b.number);
            });
            table.tBodies[0].append(...rows.map(entry => entry.row));
          });
        });
      }

      const data = JSON.parse(byId("answers-data").textContent);
      if (!data || !data.datasets.length) return;
      const [form, list, more] = [byId("answers-form"), byId("answers-list"), byId("answers-more")];
      const [dataset, method, query] = [byId("answers-dataset"), byId("answers-method"), byId("answers-query")];
      const make = (tag, style, text) => {
        const element = document.createElement(tag);
        if (style) element.className = style;
        if (text !== undefined) element.textContent = text;
        return element;
      };
      const option = (select, value, text) => {
        const element = make("option", "", text);
        element.value = value;
        select.append(element);
      };
      option(dataset, "", "all datasets");
      data.datasets.forEach((entry, index) => option(dataset, index, entry.name));
      option(method, "", "any method");
      data.methods.forEach((entry, index) => option(method, index, entry));
      form.hidden = false;
      form.addEventListener("submit", event => event.preventDefault());

      const page = 20;
      let found = [];
      let shown = 0;
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
      const card = (entry, words) => {
        const {example, name} = entry;
        const box = make("article", "answer");
        box.append(make("h3", "", `${name}, row ${example.row}`));
        const prompt = make("pre");
        prompt.tabIndex = 0;
        prompt.append(marked(example.prompt, "said", words));
        const terms = make("dl");
        const add = (title, text, style, who) => {
          const term = make("dd", style);
          term.append(marked(text === "" ? "(empty)" : text, "said", words));
          if (who) term.append(" ", make("span", "who", who));
          terms.append(make("dt", "", title), term);
        };
        add("gold", example.label, "gold");
        for (const [text, runs] of example.answers) {
          const seeds = new Map();
          for (const [method, seed] of runs) seeds.set(method, [...(seeds.get(method) || []), seed]);
          add("given", text, "", [...seeds].map(([method, list]) => `${data.methods[method]} (${list.join(", ")})`).join("; "));
        }
        box.append(prompt, terms);
        return box;
      };
      const show = () => {
        const words = query.value.trim().toLowerCase();
        list.append(...found.slice(shown, shown + page).map(entry => card(entry, words)));
        shown = Math.min(found.length, shown + page);
        more.hidden = shown >= found.length;
        byId("answers-count").textContent = `${found.length} examples, ${shown} shown`;
      };
      const search = () => {
        const words = query.value.trim().toLowerCase();
        const wanted = method.value === "" ? null : +method.value;
        found = [];
        data.datasets.forEach((entry, index) => {
          if (dataset.value !== "" && +dataset.value !== index) return;
          for (const example of entry.examples) {
            if (wanted !== null && !example.answers.some(([, runs]) => runs.some(run => run[0] === wanted))) continue;
            const texts = [example.prompt, example.label, ...example.answers.map(answer => answer[0])];
            if (words && !texts.some(text => text.toLowerCase().includes(words))) continue;
            found.push({example, name: entry.name});
          }
        });
        shown = 0;
        list.replaceChildren();
        show();
      };
      for (const control of [dataset, method]) control.addEventListener("change", search);
      query.addEventListener("input", search);
      more.addEventListener("click", show);
      search();
    })();
    """
}
