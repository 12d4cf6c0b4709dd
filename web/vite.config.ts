import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig, loadEnv } from 'vite';

const target = loadEnv('', '.', 'OSTOV_').OSTOV_URL ?? 'http://127.0.0.1:8080';

/**
 * The table brings its own paging and column filter (with a tree, radio buttons and a select), none of which is used:
 * the server pages and filters. Left out they save a fifth of the first view; `npm run size` fails when this no longer applies.
 */
function unusedPartsOfTable(): Plugin {
  const NOTHING = '\0nothing';
  return {
    name: 'unused-parts-of-table',
    enforce: 'pre',
    resolveId(source, importer) {
      if (!importer?.includes('/antd/es/table/')) return null;
      return source === '../pagination' || source.startsWith('../pagination/') || /\/FilterDropdown(\.js)?$/.test(source) ? NOTHING : null;
    },
    load(id) {
      return id === NOTHING ? 'export default function Nothing() { return null; }\nexport const flattenKeys = () => [];' : null;
    },
  };
}

export default defineConfig({
  plugins: [unusedPartsOfTable(), react()],
  build: {
    target: 'es2022',
    manifest: true,
    assetsDir: 'assets',
    // Nothing is inlined as data: every asset is cached by its hash and the content policy stays plain.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
  },
  server: {
    proxy: Object.fromEntries(['/api', '/auth', '/ui', '/files', '/health'].map((path) => [path, { target }])),
  },
});
