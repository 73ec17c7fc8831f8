// The pictures of the HTML report: `node pictures.mjs REPORT FOLDER`.
import path from "node:path";
import { launch, open } from "./browser.mjs";

const [, , report, folder] = process.argv;
const browser = await launch();
for (const colorScheme of ["light", "dark"]) {
  const page = await open(browser, path.resolve(report), { colorScheme, viewport: { width: 1280, height: 860 } });
  await page.screenshot({ path: path.join(folder, `html-report-${colorScheme}.png`) });
  await page.context().close();
}
// The panel alone: the shaded page behind it would only make the file bigger.
const page = await open(browser, path.resolve(report), { colorScheme: "light", viewport: { width: 1080, height: 640 } });
await page.locator("table.fleet tbody tr", { hasText: "ts03" }).first().locator("a").click();
await page.locator("#panel").screenshot({ path: path.join(folder, "html-report-host.png") });
await browser.close();
