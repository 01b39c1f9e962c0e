// Writes the compressed form of each built file beside it, so that the server need not compress while it answers.
import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";

const compress = promisify(brotliCompress);
const dist = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../dist");

for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(html|js|css|json|svg)$/.test(entry.name)) continue;
  const file = path.join(entry.parentPath ?? entry.path, entry.name);
  const content = await readFile(file);
  const smaller = await compress(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  if (smaller.length < content.length) await writeFile(`${file}.br`, smaller);
}
