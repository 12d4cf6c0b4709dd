/**
 * Looks for visible text outside the catalogue, and for keys that one language has and the other has not.
 * Reads the sources as syntax, so that comments and class names do not matter.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseSync } from 'vite';

const root = new URL('../src/', import.meta.url).pathname;
const SHOWN = new Set(['title', 'label', 'placeholder', 'alt', 'aria-label', 'aria-description', 'okText', 'cancelText', 'description', 'extra', 'tip', 'content', 'message', 'summary', 'header', 'footer']);
const LETTERS = /\p{L}{2,}/u;
const CYRILLIC = /\p{Script=Cyrillic}/u;
// What is the same in every language: names of languages, units of a pattern that people type, signs.
const CYRILLIC_FILES = new Set(['i18n/ru.ts', 'i18n/en.ts', 'fields/dates.ts', 'fields/size.ts']);

const problems = [];
const used = new Map();

async function* walk(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (/\.tsx?$/.test(path) && !/\.(test|d)\.tsx?$/.test(path)) yield path;
  }
}

function lineOf(source, offset) {
  return source.slice(0, offset).split('\n').length;
}

function literalText(node) {
  if (!node) return null;
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node.type === 'TemplateLiteral') return node.quasis.map((part) => part.value.cooked).join('');
  if (node.type === 'JSXExpressionContainer') return literalText(node.expression);
  return null;
}

function flat(object, prefix = '') {
  return Object.entries(object).flatMap(([key, value]) => (typeof value === 'object' ? flat(value, `${prefix}${key}.`) : [[`${prefix}${key}`, value]]));
}

for await (const path of walk(root)) {
  const source = await readFile(path, 'utf8');
  const name = relative(root, path);
  const { program, errors } = parseSync(path, source);
  if (errors.length) problems.push(`${name}: does not parse`);
  const report = (node, text) => problems.push(`${name}:${lineOf(source, node.start)}: text outside the catalogue: ${JSON.stringify(text.trim())}`);
  const visit = (node) => {
    if (!node || typeof node.type !== 'string') return;
    if (node.type === 'JSXText' && LETTERS.test(node.value)) report(node, node.value);
    if (node.type === 'JSXExpressionContainer' && LETTERS.test(literalText(node) ?? '') && node.inElement) report(node, literalText(node));
    if (node.type === 'JSXElement' || node.type === 'JSXFragment') for (const child of node.children) if (child.type === 'JSXExpressionContainer') child.inElement = true;
    if (node.type === 'JSXAttribute') {
      const attribute = node.name.type === 'JSXNamespacedName' ? '' : node.name.name;
      const text = literalText(node.value);
      if (SHOWN.has(attribute) && text && LETTERS.test(text)) report(node, text);
    }
    if (node.type === 'Literal' && typeof node.value === 'string' && CYRILLIC.test(node.value) && !CYRILLIC_FILES.has(name)) report(node, node.value);
    if (node.type === 'CallExpression' && (node.callee.name === 't' || node.callee.property?.name === 'current') && node.arguments[0]) {
      const [first] = node.arguments;
      const keys = first.type === 'ConditionalExpression' ? [first.consequent, first.alternate] : [first];
      for (const key of keys) if (key.type === 'Literal' && typeof key.value === 'string' && key.value.includes('.')) used.set(key.value, `${name}:${lineOf(source, key.start)}`);
    }
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) value.forEach(visit);
      else if (value && typeof value === 'object' && typeof value.type === 'string') visit(value);
    }
  };
  visit(program);
}

// Catalogues are plain data behind one export; types are all that TypeScript adds, and these files have none.
async function catalogue(language) {
  const source = (await readFile(join(root, `i18n/${language}.ts`), 'utf8')).replace(/export const \w+ =/, 'export default');
  return (await import(`data:text/javascript;charset=utf-8,${encodeURIComponent(source)}`)).default;
}
const FORMS = { en: ['one', 'other'], ru: ['one', 'few', 'many', 'other'] };
const bases = {};
for (const language of ['en', 'ru']) {
  const entries = flat(await catalogue(language));
  const plain = new Set();
  const plural = new Map();
  for (const [key, value] of entries) {
    const m = /^(.*)_(one|few|many|other)$/.exec(key);
    if (m) plural.set(m[1], [...(plural.get(m[1]) ?? []), m[2]]);
    else plain.add(key);
    if (language === 'en' && CYRILLIC.test(value) && key !== 'language.ru') problems.push(`en: ${key} holds Russian`);
    if (language === 'ru' && !CYRILLIC.test(value) && /\p{L}{3,}/u.test(value.replace(/\{\{\w+\}\}/g, '')) && !['language.en', 'frame.search_keys', 'field.url_hint'].includes(key)) problems.push(`ru: ${key} is not translated`);
  }
  for (const [key, forms] of plural) {
    const missing = FORMS[language].filter((form) => !forms.includes(form));
    if (missing.length) problems.push(`${language}: ${key} lacks ${missing.join(', ')}`);
  }
  bases[language] = new Set([...plain, ...plural.keys()]);
}
for (const key of bases.en) if (!bases.ru.has(key)) problems.push(`ru lacks ${key}`);
for (const key of bases.ru) if (!bases.en.has(key)) problems.push(`en lacks ${key}`);
for (const [key, where] of used) if (!bases.en.has(key)) problems.push(`${where}: the catalogue has no ${key}`);

if (problems.length) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`${used.size} keys used, ${bases.en.size} in each catalogue, no text outside them`);
