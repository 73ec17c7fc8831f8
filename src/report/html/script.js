"use strict";
// Sorts, searches and opens what the page already holds. Without it, everything can be read all the same.
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // ---- theme: the browser's, or the reader's choice
  const THEMES = ["auto", "light", "dark"];
  const remembered = () => {
    try {
      return localStorage.getItem("rdpscan-theme");
    } catch {
      return null;
    }
  };
  const applyTheme = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  applyTheme(remembered());

  const start = () => {
    const one = (selector, within = document) => within.querySelector(selector);
    const all = (selector, within = document) => [...within.querySelectorAll(selector)];
    const make = (name, properties) => Object.assign(document.createElement(name), properties);
    const say = (text) => {
      one("#said").textContent = text;
    };

    const themeButton = one("#theme");
    themeButton.hidden = false;
    const showTheme = () => {
      one("span", themeButton).textContent = root.dataset.theme ?? "auto";
    };
    showTheme();
    themeButton.addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "auto") + 1) % THEMES.length];
      applyTheme(next);
      try {
        localStorage.setItem("rdpscan-theme", next);
      } catch {
        // Some browsers keep nothing for a local file.
      }
      showTheme();
    });

    // ---- commands can be copied
    const copy = async (code) => {
      try {
        await navigator.clipboard.writeText(code.textContent.trimEnd());
        return "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        return document.execCommand("copy") ? "Copied" : "Selected: press Ctrl+C";
      }
    };
    const addCopyButtons = (within) => {
      for (const command of all(".command", within)) {
        const button = make("button", { type: "button", className: "copy", textContent: "Copy" });
        one("p", command).append(button);
      }
    };
    document.addEventListener("click", async (event) => {
      const button = event.target.closest("button.copy");
      if (!button) return;
      const result = await copy(one("code", button.closest(".command")));
      button.textContent = result;
      say(result);
      setTimeout(() => {
        button.textContent = "Copy";
      }, 2500);
    });
    addCopyButtons(document);

    const table = one("table.fleet");
    if (!table) return;
    const body = table.tBodies[0];
    let rows = [...table.rows].slice(1);
    // From here on it is one list, of which a part is drawn.
    body.append(...rows.slice(body.rows.length));
    for (const rest of [...table.tBodies].slice(1)) rest.remove();
    const linkOf = (row) => row.cells[1].firstElementChild;
    const detailsOf = (row) => document.getElementById(linkOf(row).hash.slice(1));

    // ---- search
    const COLUMNS = ["state", "host", "address", "days", "tls", "nla", "dns", "stability"];
    const entities = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };
    const plain = (markup) =>
      markup
        .replace(/<(h4|dt|thead)\b[^>]*>.*?<\/\1>/gs, " ")
        .replace(/<[^>]*>/g, " ")
        .replace(/&(lt|gt|quot|#39|amp);/g, (entity) => entities[entity]);
    const entries = new Map();
    const entryOf = (row) => {
      let entry = entries.get(row);
      if (!entry) {
        const cells = COLUMNS.map((_, column) => row.cells[column].textContent.trim().toLowerCase());
        const hidden = one("noscript", detailsOf(row));
        const text = (row.textContent + " " + plain(hidden ? hidden.textContent : "")).toLowerCase();
        const findings = (row.dataset.f ?? "").split(" ").filter(Boolean);
        entry = { cells, days: parseInt(cells[3], 10), findings, text };
        entries.set(row, entry);
      }
      return entry;
    };
    // Reading thousands of hosts takes a moment, which is best spent before somebody waits for it.
    const readAhead = (from) => {
      const until = Math.min(from + 50, rows.length);
      for (const row of rows.slice(from, until)) entryOf(row);
      if (until < rows.length) setTimeout(readAhead, 0, until);
    };
    const term = (word) => {
      if (word.length > 1 && word.startsWith("!")) {
        const inner = term(word.slice(1));
        return (entry) => !inner(entry);
      }
      const days = /^days([<>])(-?\d+)$/.exec(word);
      if (days) {
        const limit = Number(days[2]);
        return days[1] === "<" ? (entry) => entry.days < limit : (entry) => entry.days > limit;
      }
      const [, name, value] = /^([a-z]+):(.*)$/.exec(word) ?? [];
      const column = COLUMNS.indexOf(name);
      // The page writes `not_rdp` as "not RDP".
      const words = (value ?? "").replaceAll("_", " ");
      if (column >= 0) return (entry) => entry.cells[column].startsWith(words);
      if (name === "finding") {
        const begins = (id) => id.startsWith(value) || id.startsWith(`rdp-${value}`);
        return (entry) => entry.findings.some(begins);
      }
      const exactly = /^finding=(.+)$/.exec(word);
      if (exactly) return (entry) => entry.findings.includes(exactly[1]);
      return (entry) => entry.text.includes(word);
    };

    // ---- what is drawn: of many hosts the first, and more of them as the reader gets there
    const BATCH = 300;
    const more = one("#more");
    let limit = BATCH;
    let found = rows;
    const draw = () => {
      const drawn = new Set(found.slice(0, limit));
      for (const row of rows) {
        const hidden = !drawn.has(row);
        if (row.hidden !== hidden) row.hidden = hidden;
      }
      const rest = found.length - drawn.size;
      more.hidden = rest === 0;
      one("span", more).textContent = `${drawn.size} of ${found.length} hosts shown`;
    };
    const drawMore = (number) => {
      limit += number;
      draw();
    };
    one("button", more).addEventListener("click", () => drawMore(rows.length));
    new IntersectionObserver(
      (seen) => {
        if (seen.some((one) => one.isIntersecting) && !more.hidden) drawMore(BATCH);
      },
      { rootMargin: "600px" },
    ).observe(more);

    const search = one("#search");
    const count = one("#count");
    const find = () => {
      const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean).map(term);
      found = terms.length ? rows.filter((row) => terms.every((matches) => matches(entryOf(row)))) : rows;
      limit = BATCH;
      draw();
      count.textContent = terms.length ? `${found.length} of ${rows.length} hosts` : `${rows.length} hosts`;
      one("#none").hidden = found.length > 0;
      for (const button of all("button.drill")) {
        button.setAttribute("aria-pressed", String(button.dataset.q === search.value));
      }
    };
    one(".tools").hidden = false;
    find();
    setTimeout(readAhead, 200, 0);
    let due = 0;
    search.addEventListener("input", () => {
      cancelAnimationFrame(due);
      due = requestAnimationFrame(find);
    });

    // ---- what the charts and the findings count can be listed
    for (const holder of all("[data-q]")) {
      const query = holder.dataset.q.toLowerCase();
      if (!query) continue;
      const button = make("button", { type: "button", className: "drill" });
      button.dataset.q = query;
      button.setAttribute("aria-pressed", "false");
      button.append(...holder.childNodes);
      holder.append(button);
      button.addEventListener("click", () => {
        const again = search.value === query;
        search.value = again ? "" : query;
        find();
        if (!again) one("#fleet").scrollIntoView();
      });
    }

    // ---- sort
    const compareText = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
    const order = (...words) => Object.fromEntries(words.map((word, rank) => [word, rank]));
    const severities = order("critical", "high", "medium", "low", "info");
    const states = order("broken", "degraded", "skipped", "not_rdp", "unreachable", "filtered", "closed", "not_probed", "healthy");
    const firstWord = (row, column) => row.cells[column].textContent.trim().split(/\s+/)[0];
    const KEYS = [
      // Hosts that would refuse stand together, as in the order in which the page was written.
      (row) => row.dataset.w ? states.broken : states[one(".s", row).className.slice("s s-".length)],
      (row) => linkOf(row).textContent,
      (row) => Number(row.dataset.r),
      (row) => {
        const days = parseInt(row.cells[3].textContent, 10);
        return Number.isNaN(days) ? null : days;
      },
      (row) => firstWord(row, 4) || null,
      (row) => firstWord(row, 5) || null,
      (row) => firstWord(row, 6) || null,
      (row) => firstWord(row, 7) || null,
      (row) => {
        const [severity, id] = row.cells[8].textContent.trim().split(/\s+/);
        return id ? `${severities[severity]} ${id}` : null;
      },
    ];
    const heads = [...table.tHead.rows[0].cells];
    const sortBy = (column) => {
      const head = heads[column];
      const down = head.getAttribute("aria-sort") === "ascending";
      const sign = down ? -1 : 1;
      const keyed = rows.map((row) => [KEYS[column](row), row]);
      keyed.sort(([a], [b]) => {
        // What is not known stands last, whatever the direction.
        if (a === null || b === null) return (a === null) - (b === null);
        return sign * (typeof a === "number" ? a - b : compareText(a, b));
      });
      rows = keyed.map(([, row]) => row);
      for (const row of rows) row.hidden = true;
      body.append(...rows);
      find();
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      say(`Sorted by ${head.textContent}, ${down ? "descending" : "ascending"}`);
    };
    heads.forEach((head, column) => {
      const button = make("button", { type: "button", textContent: head.textContent });
      button.addEventListener("click", () => sortBy(column));
      head.replaceChildren(button);
      head.setAttribute("aria-sort", "none");
    });

    // ---- one host in a panel
    const panel = one("#panel");
    const panelBody = one("#panel-body");
    let open = null;
    // The text is the page's own markup, escaped when it was written: what it holds without a script, it holds here.
    const spread = (details) => {
      const hidden = one("noscript", details);
      const place = make("div", { className: "inside" });
      place.innerHTML = hidden ? hidden.textContent : "";
      return place;
    };
    const withRemedies = (place) => {
      const seen = new Set();
      for (const link of all("a.fix", place)) {
        const remedy = document.getElementById(link.hash.slice(1));
        if (!remedy || seen.has(link.hash)) continue;
        seen.add(link.hash);
        const copyOf = make("details", { className: "fix" });
        copyOf.append(make("summary", { textContent: link.textContent }));
        copyOf.append(one(".inside", remedy).cloneNode(true));
        for (const heading of all("h4", copyOf)) {
          heading.replaceWith(make("h5", { textContent: heading.textContent }));
        }
        link.parentElement.replaceWith(copyOf);
      }
      return place;
    };
    const read = new Set();
    const show = (row) => {
      open = row;
      read.add(row);
      const details = detailsOf(row);
      one("#panel-heading").replaceChildren(
        ...[...one("summary", details).childNodes].flatMap((node) =>
          node.nodeName === "H3" ? [make("bdi", { textContent: node.textContent })] : [node.cloneNode(true)],
        ),
      );
      panelBody.replaceChildren(withRemedies(spread(details)));
      panelBody.scrollTop = 0;
      const at = found.indexOf(row);
      one("#previous").disabled = at <= 0;
      one("#next").disabled = at < 0 || at + 1 >= found.length;
      if (!panel.open) panel.showModal();
    };
    const move = (step) => {
      const row = found[found.indexOf(open) + step];
      if (!row) return;
      history.replaceState(null, "", linkOf(row).hash);
      show(row);
    };
    const follow = () => {
      const target = /^#h\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
      const row = target && rows.find((each) => linkOf(each).hash === location.hash);
      if (row) show(row);
      else if (panel.open) panel.close();
      const remedy = /^#R\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
      if (remedy) {
        remedy.open = true;
        remedy.scrollIntoView();
      }
    };
    panel.addEventListener("close", () => {
      if (/^#h\d+$/.test(location.hash)) history.replaceState(null, "", location.pathname + location.search);
      panelBody.replaceChildren();
      if (open && !open.hidden) linkOf(open).focus();
      open = null;
    });
    panel.addEventListener("click", (event) => {
      if (event.target === panel) panel.close();
    });
    panel.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowRight") move(1);
      if (event.key === "ArrowLeft") move(-1);
    });
    one("#close").addEventListener("click", () => panel.close());
    one("#previous").addEventListener("click", () => move(-1));
    one("#next").addEventListener("click", () => move(1));
    body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (!row || !getSelection().isCollapsed) return;
      if (event.target.closest("a")) {
        // The address may be there already, and would then change nothing.
        if (linkOf(row).hash === location.hash) show(row);
        return;
      }
      linkOf(row).click();
    });
    window.addEventListener("hashchange", follow);
    follow();

    // ---- on paper hosts are open, but for healthy ones that nobody has looked at
    const opened = [];
    window.addEventListener("beforeprint", () => {
      // A head that is repeated on each page is painted without its buttons.
      for (const head of heads) head.append(make("span", { className: "head", textContent: head.textContent }));
      drawMore(rows.length);
      const wanted = new Set(found.filter((row) => read.has(row) || !detailsOf(row).matches(".fine")));
      for (const row of rows) detailsOf(row).hidden = !wanted.has(row);
      for (const row of wanted) {
        const details = detailsOf(row);
        details.append(spread(details));
        details.open = true;
        opened.push(details);
      }
    });
    window.addEventListener("afterprint", () => {
      for (const head of all(".head", table)) head.remove();
      for (const details of opened.splice(0)) {
        details.open = false;
        one(".inside", details).remove();
      }
      limit = BATCH;
      draw();
    });
  };
  document.addEventListener("DOMContentLoaded", start);
})();
