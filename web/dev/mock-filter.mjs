/** The part of $filter that the application sends, as a predicate over rows. */

const TOKEN = /\s*(?:(')((?:[^']|'')*)'|(\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z)?)|(-?\d+(?:\.\d+)?)|([a-z_][\w/]*)|([(),:]))/giy;

export function parseFilter(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const m = TOKEN.exec(text);
    if (!m) throw new Error(`filter: ${text}`);
    if (m[1]) tokens.push({ value: m[2].replaceAll("''", "'") });
    else if (m[3]) tokens.push({ value: m[3] });
    else if (m[4]) tokens.push({ value: Number(m[4]) });
    else tokens.push({ word: m[5] ?? m[6] });
  }
  let at = 0;
  const peek = () => tokens[at]?.word;
  const take = () => tokens[at++];
  const want = (word) => {
    if (take()?.word !== word) throw new Error(`filter: ${text}`);
  };
  const value = () => {
    const token = take();
    if ('value' in token) return token.value;
    return { null: null, true: true, false: false }[token.word];
  };
  const or = () => {
    let left = and();
    while (peek() === 'or') {
      take();
      const [a, b] = [left, and()];
      left = (row) => a(row) || b(row);
    }
    return left;
  };
  const and = () => {
    let left = one();
    while (peek() === 'and') {
      take();
      const [a, b] = [left, one()];
      left = (row) => a(row) && b(row);
    }
    return left;
  };
  const one = () => {
    if (peek() === 'not') {
      take();
      const inner = one();
      return (row) => !inner(row);
    }
    if (peek() === '(') {
      take();
      const inner = or();
      want(')');
      return inner;
    }
    const name = take().word;
    if (name === 'contains' || name === 'startswith' || name === 'endswith') {
      want('(');
      const prop = take().word;
      want(',');
      const part = String(value()).toLowerCase();
      want(')');
      return (row) => String(row[prop] ?? '').toLowerCase().includes(part);
    }
    if (name.endsWith('/any')) {
      const prop = `${name.split('/')[0]}_ids`;
      want('(');
      if (peek() === ')') {
        take();
        return (row) => (row[prop] ?? []).length > 0;
      }
      take();
      want(':');
      const inner = or();
      want(')');
      return (row) => (row[prop] ?? []).some((id) => inner({ 'x/id': id }));
    }
    const op = take().word;
    if (op === 'in') {
      want('(');
      const list = [value()];
      while (peek() === ',') {
        take();
        list.push(value());
      }
      want(')');
      return (row) => list.includes(row[name] ?? null);
    }
    const right = value();
    return (row) => {
      const left = row[name] ?? null;
      if (op === 'eq') return left === right;
      if (op === 'ne') return left !== right;
      if (left === null) return false;
      return op === 'gt' ? left > right : op === 'ge' ? left >= right : op === 'lt' ? left < right : left <= right;
    };
  };
  const test = or();
  if (at !== tokens.length) throw new Error(`filter: ${text}`);
  return test;
}
