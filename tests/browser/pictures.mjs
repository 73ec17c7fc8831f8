// The picture of the HTML report: `node pictures.mjs REPORT FOLDER`.
import path from "node:path";
import { launch, open } from "./browser.mjs";

const [, , report, folder] = process.argv;
const browser = await launch();
const page = await open(browser, path.resolve(report), { colorScheme: "light", viewport: { width: 1280, height: 860 } });
await page.screenshot({ path: path.join(folder, "html-report.png") });
await browser.close();
