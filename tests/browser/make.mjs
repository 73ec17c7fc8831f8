// Makes the saved scans that the tests need besides the demo: `node make.mjs FOLDER`, which holds demo.json.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { hostile, many } from "./fleets.mjs";

const folder = process.argv[2];
const corpus = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "data", "nasty-names.txt");
const demo = path.join(folder, "demo.json");
hostile(demo, corpus, path.join(folder, "hostile.json"));
many(demo, path.join(folder, "many.json"), 5000);
