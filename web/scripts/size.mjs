/** Measures the script of the first view (sign-in and list), gzipped; more than the bound fails. */
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

const BOUND = 350_000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(await readFile(new URL('.vite/manifest.json', dist), 'utf8'));

const seen = new Set();
function take(key) {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`the manifest has no ${key}`);
  if (seen.has(chunk.file)) return;
  seen.add(chunk.file);
  for (const next of chunk.imports ?? []) take(next);
}
const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
take(entry);
// One catalogue of words is fetched with it: the heaviest counts.
const words = Object.keys(manifest).filter((key) => /^src\/i18n\/(en|ru)\.ts$/.test(key));
if (words.length < 2) throw new Error('the catalogues are not chunks of their own');
const heavy = await Promise.all(words.map(async (key) => [(await readFile(new URL(manifest[key].file, dist))).length, key]));
take(heavy.sort((a, b) => b[0] - a[0])[0][1]);

let total = 0;
for (const file of [...seen].filter((name) => name.endsWith('.js'))) {
  const size = gzipSync(await readFile(new URL(file, dist)), { level: 9 }).length;
  total += size;
  console.log(`${String(Math.round(size / 100) / 10).padStart(8)} KB  ${file}`);
}
console.log(`${String(Math.round(total / 100) / 10).padStart(8)} KB of ${BOUND / 1000} KB: script of the first view, gzipped`);
if (total > BOUND) {
  console.error('the first view is too heavy');
  process.exit(1);
}
