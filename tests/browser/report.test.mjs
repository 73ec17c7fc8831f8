// The report as a reader meets it: with and without scripts, light and dark, by mouse and by keyboard, on paper, hostile, huge.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { launch, open } from "./browser.mjs";

const folder = process.env.REPORTS;
const report = (name) => path.join(folder, name);
const saved = (name) => JSON.parse(readFileSync(report(name), "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Milliseconds within which 5,000 hosts are there, are found and are sorted; a busy machine takes a few times what a free one does. */
const BOUNDS = { load: 6000, find: 1000, sort: 1500 };

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const visit = async (name, options, look) => {
  const page = await open(browser, report(name), options);
  await look(page);
  assert.deepEqual(page.faults, []);
  await page.context().close();
};

const violations = async (page) => {
  // What has been scrolled under the head of the table is not what a reader aims at.
  await page.evaluate(() => scrollTo(0, 0));
  // The page's own policy lets no other script in; the inspector's may.
  await page.evaluate(axe);
  const result = await page.evaluate(() =>
    axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      resultTypes: ["violations"],
    }),
  );
  return result.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html} (${node.failureSummary})`).join("; ")}`,
  );
};

const shown = (page) => page.locator("table.fleet tbody tr:visible");
const names = (page) => page.locator("table.fleet tbody th a:visible").allTextContents();

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1920, 1024, 660, 360]) {
    test(`nothing stands in anybody's way: ${colorScheme}, ${width} px`, () =>
      visit("demo.html", { colorScheme, viewport: { width, height: 900 } }, async (page) => {
        assert.deepEqual(await violations(page), []);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.equal(wider <= 0, true, `the page is ${wider} px wider than the window`);
        // Everything that opens.
        for (const remedy of await page.locator("details.remedy summary").all()) await remedy.click();
        assert.deepEqual(await violations(page), []);
        await page.locator("table.fleet tbody th a").first().click();
        for (const fix of await page.locator("#panel details.fix > summary").all()) await fix.click();
        assert.deepEqual(await violations(page), []);
      }));
  }
}

test("on a telephone addresses stay whole, and findings keep their meaning and remedy", () =>
  visit("demo.html", { viewport: { width: 400, height: 900 } }, async (page) => {
    const finding = saved("demo.json").hosts.flatMap((host) => host.findings).find(({ remedy }) => remedy);
    const row = page.locator("table.rules:not(.changed) tbody tr", { hasText: finding.id }).first();
    for (const cell of [2, 5]) {
      const part = row.locator("th, td").nth(cell);
      assert.equal(await part.isVisible(), true);
      assert.ok((await part.innerText()).length > 3);
      const { width } = await part.boundingBox();
      assert.ok(width > 340, `cell ${cell} is ${width} px wide`);
    }
    const hosts = await page.locator("table.fleet tbody th a:visible").count();
    const lines = [];
    for (let host = 1; host <= hosts; host += 1) {
      await page.evaluate((number) => {
        location.hash = `#h${number}`;
      }, host);
      await page.waitForFunction((number) => location.hash === `#h${number}` && document.querySelector("#panel").open, host);
      lines.push(
        ...(await page.evaluate(() => {
          const cells = [...document.querySelectorAll("#panel-body table td:nth-child(2)")];
          return cells.filter((cell) => /^[0-9.]+$/.test(cell.innerText)).map((cell) => {
            const range = document.createRange();
            range.selectNodeContents(cell);
            return [cell.innerText, range.getClientRects().length];
          });
        })),
      );
    }
    assert.ok(lines.length > 10, `${lines.length} addresses`);
    assert.deepEqual(lines.filter(([, count]) => count > 1), []);
  }));

test("every host that was saved has its row and its details", () =>
  visit("demo.html", {}, async (page) => {
    const { hosts } = saved("demo.json");
    assert.equal(await shown(page).count(), hosts.length);
    const text = await page.locator("table.fleet").innerText();
    for (const host of hosts) {
      assert.ok(text.includes(host.display_name ?? host.address), host.display_name);
      assert.ok(host.findings.length === 0 || text.includes(host.findings[0].id), host.findings[0]?.id);
    }
  }));

test("without scripts everything is there to read", () =>
  visit("demo.html", { javaScriptEnabled: false }, async (page) => {
    const { hosts } = saved("demo.json");
    assert.equal(await page.locator("table.fleet tbody tr").count(), hosts.length);
    assert.equal(await page.locator("#search").isVisible(), false);
    assert.equal(await page.locator("button:visible").count(), 0);
    const details = page.locator("details.host");
    assert.equal(await details.count(), hosts.length);
    const expired = hosts.find((host) => host.certificate?.status === "expired");
    const one = details.filter({ has: page.locator("h3").getByText(expired.display_name, { exact: true }) });
    await one.locator("summary").click();
    // The rendered text: what is hidden is not in it.
    const text = await one.evaluate((element) => element.innerText);
    for (const wanted of [expired.certificate.sha1, expired.findings[0].evidence, "got through", "tcp"]) {
      assert.ok(text.includes(wanted), wanted);
    }
  }));

test("a search finds what a host is known by, and says how many", () =>
  visit("demo.html", {}, async (page) => {
    const { hosts } = saved("demo.json");
    const cases = [
      ["host:ts", (host) => host.display_name?.startsWith("ts")],
      ["EXCH", (host) => JSON.stringify(host).toLowerCase().includes("exch")],
      ["state:broken", (host) => host.state === "broken"],
      ["!state:healthy dns:match", (host) => host.state !== "healthy" && host.dns.verdict === "match"],
      ["days<30", (host) => host.certificate?.days_left < 30 && host.certificate.days_left !== null],
      ["days>100", (host) => host.certificate?.days_left > 100],
      ["finding:rdp-cert-self-signed", (host) => host.findings.some(({ id }) => id === "RDP-CERT-SELF-SIGNED")],
      ["finding:cert-exp", (host) => host.findings.some(({ id }) => id.startsWith("RDP-CERT-EXP"))],
      ["finding=rdp-cert-expired", (host) => host.findings.some(({ id }) => id === "RDP-CERT-EXPIRED")],
      [hosts.find((host) => host.certificate).certificate.sha1, null],
      ["nobody.invalid", () => false],
    ];
    for (const [text, wanted] of cases) {
      await page.locator("#search").fill(text);
      const sha = hosts.filter((host) => host.certificate?.sha1 === text);
      const count = wanted ? hosts.filter(wanted).length : sha.length;
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      assert.equal(await page.locator("#count").innerText(), `${count} of ${hosts.length} hosts`, text);
      assert.equal(await shown(page).count(), count, text);
    }
    assert.equal(await page.locator("#none").isVisible(), true);
  }));

test("columns sort by keyboard and by mouse", () =>
  visit("demo.html", {}, async (page) => {
    const head = page.locator("table.fleet thead th");
    const host = head.filter({ hasText: /^Host$/ });
    await host.getByRole("button").focus();
    await page.keyboard.press("Enter");
    assert.equal(await host.getAttribute("aria-sort"), "ascending");
    const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
    const first = await names(page);
    assert.deepEqual(first, [...first].sort(compare));
    await page.keyboard.press("Space");
    assert.equal(await host.getAttribute("aria-sort"), "descending");
    assert.deepEqual(await names(page), [...(await names(page))].sort((a, b) => compare(b, a)));
    const days = head.filter({ hasText: /^Days$/ });
    await days.getByRole("button").click();
    assert.equal(await days.getAttribute("aria-sort"), "ascending");
    assert.equal(await host.getAttribute("aria-sort"), "none");
    const left = (await shown(page).locator("td:nth-child(4)").allTextContents()).map((text) => parseInt(text, 10));
    const known = left.filter((number) => !Number.isNaN(number));
    assert.deepEqual(left.slice(0, known.length), [...known].sort((a, b) => a - b), "unknown ones stand last");
    await head.filter({ hasText: /^State$/ }).getByRole("button").click();
    const refuses = await shown(page).evaluateAll((rows) => rows.map((row) => "w" in row.dataset));
    assert.ok(refuses.includes(true) && refuses.includes(false));
    assert.ok(refuses.indexOf(false) > refuses.lastIndexOf(true), "hosts that would refuse stand together");
    const states = await shown(page).locator("td:first-child .s").allTextContents();
    assert.ok(states.slice(0, refuses.indexOf(false)).includes("closed"), "with the listed ones that are closed");
    await head.filter({ hasText: /^Address$/ }).getByRole("button").click();
    const addresses = await shown(page).locator("td:nth-child(3)").allTextContents();
    const number = (text) => text.split(":")[0].split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    const v4 = addresses.filter((text) => /^\d/.test(text)).map(number);
    assert.deepEqual(v4, [...v4].sort((a, b) => a - b));
  }));

test("a host opens and closes by keyboard, and the reader is where he was", () =>
  visit("demo.html", {}, async (page) => {
    const link = page.locator("table.fleet tbody th a").nth(2);
    await link.focus();
    await page.keyboard.press("Enter");
    const panel = page.locator("#panel");
    await panel.waitFor({ state: "visible" });
    assert.ok((await panel.locator("h3").innerText()).startsWith(await link.innerText()));
    assert.ok((await panel.locator(".attempt svg path").count()) > 0);
    await page.keyboard.press("ArrowRight");
    assert.ok((await panel.locator("h3").innerText()).startsWith(await page.locator("table.fleet tbody th a").nth(3).innerText()));
    await page.keyboard.press("Escape");
    assert.equal(await panel.isVisible(), false);
    assert.equal(await page.evaluate(() => document.activeElement.closest("tr").rowIndex), 4);
    assert.equal(new URL(page.url()).hash, "");
  }));

test("a row opens by mouse, and an address with a host opens it at once", async () => {
  await visit("demo.html", {}, async (page) => {
    const name = await shown(page).nth(5).locator("th a").innerText();
    await shown(page).nth(5).locator("td").first().click();
    // The row's link changes the address, and the browser tells the page of that in a turn of its own.
    await page.locator("#panel").waitFor({ state: "visible" });
    assert.ok((await page.locator("#panel h3").innerText()).startsWith(name));
  });
  await visit("demo.html", { hash: "#h2" }, async (page) => {
    await page.locator("#panel").waitFor({ state: "visible" });
    assert.ok((await page.locator("#panel h3").innerText()).length > 0);
  });
});

test("a chart's word lists its hosts", () =>
  visit("demo.html", {}, async (page) => {
    const broken = page.locator(".states button").first();
    await broken.click();
    assert.equal(await page.locator("#search").inputValue(), "state:broken");
    assert.equal(await broken.getAttribute("aria-pressed"), "true");
    await broken.click();
    assert.equal(await page.locator("#search").inputValue(), "");
  }));

test("every finding and every bar lists as many hosts as it counts", () =>
  visit("demo.html", {}, async (page) => {
    const wrong = await page.evaluate(() => {
      const number = (text) => parseInt(text, 10);
      const wrong = [];
      for (const row of document.querySelectorAll(".rules tbody tr, .bars tbody tr, .states li")) {
        const button = row.querySelector("button.drill");
        if (!button) continue;
        const counted = row.querySelector("td.number") ?? row.querySelector("b");
        const wanted = number(counted.firstChild.textContent);
        button.click();
        const found = number(document.querySelector("#count").textContent);
        if (found !== wanted) wrong.push(`${button.dataset.q}: ${found} instead of ${wanted}`);
        button.click();
      }
      return wrong;
    });
    assert.deepEqual(wrong, []);
  }));

test("a command is copied, or selected where the browser allows no more", async () => {
  const command = (page) => page.locator("details.remedy").first().locator(".command").first();
  await visit("demo.html", { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    await page.locator("details.remedy summary").first().click();
    const wanted = (await command(page).locator("code").innerText()).trimEnd();
    await command(page).getByRole("button").click();
    await command(page).getByText("Copied").waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), wanted);
  });
  await visit("demo.html", {}, async (page) => {
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"));
      document.execCommand = () => false;
    });
    await page.locator("details.remedy summary").first().click();
    await command(page).getByRole("button").click();
    await command(page).getByText("Selected: press Ctrl+C").waitFor();
    assert.ok((await page.evaluate(() => getSelection().toString())).length > 10);
  });
});

test("the theme is chosen and remembered", () =>
  visit("demo.html", { colorScheme: "light" }, async (page) => {
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    const button = page.locator("#theme");
    await button.click();
    await button.click();
    assert.equal(await button.innerText(), "Theme: dark");
    assert.notEqual(await ground(), light);
    await page.reload();
    assert.equal(await button.innerText(), "Theme: dark");
    assert.notEqual(await ground(), light);
    assert.deepEqual(await violations(page), []);
  }));

for (const javaScriptEnabled of [true, false]) {
  test(`on paper every host with something wrong is spread out, ${javaScriptEnabled ? "with" : "without"} scripts`, () =>
    visit("demo.html", { javaScriptEnabled }, async (page) => {
      const pdf = await page.pdf({ format: "A4" });
      // A page for the summary and several for the hosts: closed details would leave a handful.
      const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length;
      assert.ok(pages > 15 && pages < 60, `${pages} pages`);
      const { hosts } = saved("demo.json");
      await page.emulateMedia({ media: "print" });
      const onPaper = page.locator("details.host").filter({ visible: true });
      assert.equal(await onPaper.count(), hosts.filter((host) => host.state !== "healthy").length);
      assert.equal(await page.locator("details.remedy .inside").filter({ visible: true }).count(), 0, "remedies in short");
      if (javaScriptEnabled) assert.equal(await page.locator("details[open]").count(), 0, "closed again afterwards");
    }));
}

test("on paper the summary takes at most four pages", () =>
  visit("demo.html", {}, async (page) => {
    await page.evaluate(() => {
      for (const id of ["details", "remedies"]) document.getElementById(id).hidden = true;
    });
    const pdf = await page.pdf({ format: "A4" });
    const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length;
    assert.ok(pages <= 4, `${pages} pages`);
  }));

for (const width of [1400, 1920]) {
  test(`no cell of the tables is cut at ${width} px`, () =>
    visit("demo.html", { viewport: { width, height: 900 } }, async (page) => {
      const cut = await page.evaluate(() => {
        const cells = [...document.querySelectorAll(".fleet td, .fleet th, .rules td, .rules th")];
        const visible = cells.filter((cell) => cell.offsetParent && !cell.querySelector("svg"));
        const wide = visible.filter((cell) => cell.scrollWidth > cell.clientWidth + 1);
        return wide.map((cell) => `${cell.innerText} (${cell.scrollWidth} in ${cell.clientWidth})`);
      });
      assert.deepEqual(cut, []);
      assert.ok(await page.locator(".fleet .title").first().isVisible(), "the sentence of a finding");
    }));
}

test("hostile names run no script and make no element", () =>
  visit("hostile.html", {}, async (page) => {
    const { hosts } = saved("hostile.json");
    assert.equal(await shown(page).count(), hosts.length);
    const foreign = () =>
      page.evaluate(() => {
        const known = new Set(
          ("html head meta title link style script body a header p nav button span main section h1 h2 h3 h4 h5 ul li figure figcaption svg rect b small " +
            "dl div dt dd text line table thead tr th tbody td label input output caption colgroup col details summary noscript ol path bdi " +
            "code pre dialog footer").split(" "),
        );
        const odd = [...document.querySelectorAll("*")].filter(
          (element) =>
            !known.has(element.localName) ||
            element.getAttributeNames().some((name) => name.startsWith("on") || name === "style" || name === "src") ||
            (element.localName === "a" && !/^#[a-zA-Z0-9]*$/.test(element.getAttribute("href"))),
        );
        return odd.map((element) => element.outerHTML.slice(0, 200));
      });
    assert.deepEqual(await foreign(), []);
    for (let host = 1; host <= hosts.length; host += 1) {
      await page.evaluate((number) => {
        location.hash = `#h${number}`;
      }, host);
      await page.waitForFunction((number) => location.hash === `#h${number}` && document.querySelector("#panel").open, host);
      assert.deepEqual(await foreign(), [], `host ${host}`);
    }
    await page.keyboard.press("Escape");
    assert.deepEqual(await violations(page), []);
    assert.equal(await page.evaluate(() => document.querySelectorAll("script").length), 1);
  }));

test("hostile names make no element without scripts, and the page stays in its width", () =>
  visit("hostile.html", { javaScriptEnabled: false, viewport: { width: 360, height: 800 } }, async (page) => {
    const { hosts } = saved("hostile.json");
    assert.equal(await page.locator("details.host").count(), hosts.length);
    assert.equal(await page.locator("img, iframe, object, embed, form, marquee, math").count(), 0);
    const box = await page.locator("main").boundingBox();
    assert.ok(box.width <= 360, `${box.width}`);
  }));

test("the page's policy stops a script that is not its own", async () => {
  const page = await open(browser, report("demo.html"));
  await page.evaluate(() => {
    document.body.append(Object.assign(document.createElement("script"), { textContent: "window.ran = true" }));
    document.body.append(Object.assign(document.createElement("img"), { src: "https://example.com/x.png" }));
  });
  assert.equal(await page.evaluate(() => window.ran), undefined);
  assert.ok(page.faults.some((fault) => fault.includes("Content Security Policy")));
  await page.context().close();
});

test("5,000 hosts open, are found and are sorted within their bounds", () =>
  visit("many.html", {}, async (page) => {
    const { load, rows } = await page.evaluate(() => ({
      load: performance.timing.loadEventEnd - performance.timing.navigationStart,
      rows: document.querySelectorAll("table.fleet tbody tr").length,
    }));
    assert.equal(rows, 5000);
    assert.equal(await shown(page).count(), 300, "of many hosts the first are drawn");
    await page.locator("#more").scrollIntoViewIfNeeded();
    await page.waitForFunction(() => document.querySelectorAll("table.fleet tbody tr:not([hidden])").length > 300);
    await page.locator("#more button").click();
    assert.equal(await shown(page).count(), 5000, "and all of them when asked for");
    // Until the frame is drawn, so that layout counts.
    const timed = (act, argument) =>
      page.evaluate(
        async ([code, argument]) => {
          const start = performance.now();
          new Function("argument", code)(argument);
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          document.body.getBoundingClientRect();
          return performance.now() - start;
        },
        [act, argument],
      );
    const type = "const s = document.querySelector('#search'); s.value = argument; s.dispatchEvent(new Event('input'));";
    const first = await timed(type, "10.0.4.");
    assert.equal(await page.locator("#count").innerText(), "256 of 5000 hosts");
    const again = await timed(type, "10.0.4.7");
    const all = await timed(type, "");
    const sorts = [];
    for (const column of [1, 2, 3, 8]) {
      sorts.push(await timed("document.querySelectorAll('table.fleet thead button')[argument].click()", column));
    }
    const opened = await timed("location.hash = '#h4711'");
    const round = (number) => `${Math.round(number)} ms`;
    console.log(
      `5,000 hosts: load ${round(load)}, first search ${round(first)}, next ${round(again)}, all again ${round(all)}, ` +
        `sorts ${sorts.map(round).join(" ")}, a host ${round(opened)}`,
    );
    assert.ok(load < BOUNDS.load, `load ${round(load)}`);
    for (const find of [again, all, opened]) assert.ok(find < BOUNDS.find, `search ${round(find)}`);
    assert.ok(first < 3 * BOUNDS.find, `first search ${round(first)}`);
    for (const sort of sorts) assert.ok(sort < BOUNDS.sort, `sort ${round(sort)}`);
  }));
