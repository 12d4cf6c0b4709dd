/** Writes .br and .gz beside every asset that gains by it, so that the server never compresses. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = new URL('../dist/', import.meta.url).pathname;
const GAINS = /\.(js|css|html|svg|json|webmanifest)$/;

async function* walk(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else yield path;
  }
}

let before = 0;
let after = 0;
for await (const path of walk(root)) {
  if (!GAINS.test(path) || path.includes('/.vite/')) continue;
  const data = await readFile(path);
  const br = brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length } });
  const gz = gzipSync(data, { level: 9 });
  await writeFile(`${path}.br`, br);
  await writeFile(`${path}.gz`, gz);
  before += (await stat(path)).size;
  after += br.length;
}
console.log(`compressed ${Math.round(before / 1000)} KB to ${Math.round(after / 1000)} KB of brotli`);
