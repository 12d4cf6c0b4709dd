/**
 * A server in memory that keeps the contract of docs/developers/http-contract.md, for work on the application and for its
 * tests. `node dev/mock.mjs [PORT]` serves dist/ and the API; MOCK_SLOW=ms delays every answer.
 * People: anna (may do everything), boris (reads, may not write orders), password "ostov-demo".
 */
import { createServer } from 'node:http';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { randomBytes } from 'node:crypto';
import { fill, MENU, SECTIONS } from './mock-data.mjs';
import { parseFilter } from './mock-filter.mjs';

const DIST = new URL('../dist/', import.meta.url).pathname;
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.json': 'application/json' };
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:";

const WORDS = {
  en: { bad: 'The user name or the password is wrong.', csrf: 'The page is out of date; reload it.', absent: 'There is no such record, or it is not open to you.', stale: 'The record has been changed meanwhile.', forbidden: 'You may not do this.', due: 'The due date lies before the date of the order.', required: 'This field must be filled.', amount: 'The amount must not be negative.', limit: 'Orders above 500 000 need a note.', notnow: 'Not possible at this stage.', past: 'The due date has passed.', quantity: 'The quantity is at least 1.', taken: 'Another customer has this tax number.', old: 'The present password is wrong.', short: 'A password has at least 10 characters.' },
  ru: { bad: 'Неверное имя или пароль.', csrf: 'Страница устарела, обновите её.', absent: 'Такой записи нет, или она вам недоступна.', stale: 'Запись тем временем изменена.', forbidden: 'На это у вас нет права.', due: 'Срок раньше даты заказа.', required: 'Поле нужно заполнить.', amount: 'Сумма не может быть отрицательной.', limit: 'Для заказа больше 500 000 нужно примечание.', notnow: 'На этой стадии нельзя.', past: 'Срок уже прошёл.', quantity: 'Количество не меньше 1.', taken: 'Этот ИНН уже есть у другого покупателя.', old: 'Текущий пароль неверен.', short: 'В пароле не меньше 10 знаков.' },
};

class Refusal extends Error {
  constructor(status, code, message, more = {}) {
    super(message);
    Object.assign(this, { status, code, more });
  }
}

export function mockStart({ port = 0, slow = 0 } = {}) {
  const db = fill();
  const sessions = new Map();
  const people = new Map([
    ['anna', { id: 1, login: 'anna', name: 'Анна Смирнова', language: 'ru', theme: 'light', roles: ['manager'], password: 'ostov-demo' }],
    ['boris', { id: 2, login: 'boris', name: 'Борис Кузнецов', language: 'ru', theme: 'light', roles: ['reader'], password: 'ostov-demo' }],
  ]);
  const settings = new Map();
  const tokens = [];
  const files = new Map();
  const imports = new Map();
  const history = [];
  const answered = new Map();
  const fails = { count: 0 };

  const prop = (field) => (field.type === 'lookup' || field.type === 'file' ? `${field.name}${field.many ? '_ids' : '_id'}` : field.name);
  const words = (ask) => WORDS[ask.language];
  const translate = (value, language) => {
    if (Array.isArray(value)) return value.map((item) => translate(item, language));
    if (value && typeof value === 'object') {
      if (typeof value.en === 'string' && typeof value.ru === 'string' && Object.keys(value).length === 2) return value[language];
      return Object.fromEntries(Object.entries(value).filter(([, item]) => typeof item !== 'function').map(([key, item]) => [key, translate(item, language)]));
    }
    return value;
  };
  const writer = (ask) => ask.user.roles.includes('manager');
  const title = (name, row) => (row ? SECTIONS[name].title(row, db) : null);

  const computed = (name, row) => {
    if (name !== 'order') return {};
    const lines = [...db.order_line.values()].filter((line) => line.order_id === row.id && row.id !== undefined);
    return { to_pay: row.amount === null || row.amount === undefined ? null : Number((Number(row.amount) * (1 - Number(row.discount ?? 0) / 100)).toFixed(2)), paid: Number(lines.reduce((sum, line) => sum + Number(line.price ?? 0) * Number(line.quantity ?? 0), 0).toFixed(2)) };
  };
  const present = (name, source, select, titles) => {
    const row = { ...source, ...computed(name, source) };
    const out = { '@odata.etag': `W/"${row.version}"`, id: row.id };
    if (titles) out['@ostov.title'] = title(name, row);
    for (const field of SECTIONS[name].fields) {
      const key = prop(field);
      if (select && !select.includes(key)) continue;
      out[key] = row[key] ?? (field.many ? [] : null);
      if (!titles) continue;
      if (field.type === 'lookup' && field.many) out[`${field.name}@ostov.titles`] = (row[key] ?? []).map((id) => title(field.to, db[field.to].get(id)));
      else if (field.type === 'lookup') out[`${field.name}@ostov.title`] = row[key] ? title(field.to, db[field.to].get(row[key])) : null;
      else if (field.type === 'file' && field.many) out[`${field.name}@ostov.file`] = (row[key] ?? []).map((id) => about(files.get(id)));
      else if (field.type === 'file') out[`${field.name}@ostov.file`] = row[key] ? about(files.get(row[key])) : null;
    }
    return out;
  };
  const about = (file) => ({ id: file.id, name: file.name, size: file.size, media_type: file.media_type });

  const rules = (ask, name, row, existing) => {
    const fields = {};
    const errors = [];
    const say = words(ask);
    const w = writer(ask) || name !== 'order';
    if (name === 'order') {
      const frozen = existing && row.stage !== 'draft';
      fields.amount = { readonly: frozen };
      fields.note = { required: Number(row.amount ?? 0) > 500000 };
      fields.secret = { hidden: row.kind !== 'export' };
      if (row.ordered_on && row.due_on && row.due_on < row.ordered_on) errors.push({ target: 'due_on', message: say.due });
      if (Number(row.amount ?? 0) < 0) errors.push({ target: 'amount', message: say.amount });
      if (Number(row.amount ?? 0) > 500000 && !row.note) errors.push({ target: 'note', message: say.limit });
    }
    for (const field of SECTIONS[name].fields) {
      if (field.required === true && !field.builtin && (row[prop(field)] === null || row[prop(field)] === undefined || row[prop(field)] === '')) errors.push({ target: prop(field), message: say.required });
    }
    const now = new Date().toISOString().slice(0, 10);
    const moves = SECTIONS[name].moves.filter((move) => move.from.includes(row.stage)).map((move) => {
      if (!w) return { name: move.name, allowed: false, reason: say.forbidden };
      if (move.name === 'submit' && row.due_on && row.due_on < now) return { name: move.name, allowed: false, reason: say.past };
      return { name: move.name, allowed: true };
    });
    return { fields, errors, moves, can: { update: w, delete: w && SECTIONS[name].can.delete } };
  };

  const record = (entry) => history.push({ id: history.length + 1, at: new Date().toISOString().replace(/\.\d+/, 'Z').replace('ZZ', 'Z'), ...entry });
  const shown = (name, key, value) => {
    const field = SECTIONS[name].fields.find((item) => prop(item) === key);
    if (!field || value === null || value === undefined) return value ?? null;
    const one = (id) => (field.type === 'file' ? { id, title: files.get(id)?.name ?? null } : { id, title: title(field.to, db[field.to].get(id)) });
    if (field.type === 'lookup' || field.type === 'file') return Array.isArray(value) ? value.map(one) : one(value);
    return value;
  };
  const changesOf = (ask, name, before, after) => SECTIONS[name].fields.filter((field) => !field.builtin && ![ 'formula', 'rollup'].includes(field.type)).flatMap((field) => {
    const key = prop(field);
    const [old, next] = [before?.[key] ?? null, after[key] ?? null];
    if (JSON.stringify(old) === JSON.stringify(next) || (Array.isArray(next) && !next.length && old === null)) return [];
    return [{ field: field.name, label: field.label[ask.language], old: shown(name, key, old), new: shown(name, key, next) }];
  });

  const validate = (ask, name, row, existing) => {
    const { errors } = rules(ask, name, row, existing);
    if (name === 'customer' && row.tax_number && [...db.customer.values()].some((item) => item.id !== row.id && item.tax_number === row.tax_number)) {
      throw new Refusal(409, 'not_unique', words(ask).taken, { target: 'tax_number' });
    }
    if (errors.length) throw new Refusal(400, 'invalid', errors[0].message, { details: errors.map((error) => ({ code: 'invalid', ...error })) });
  };
  const write = (ask, name, id, body) => {
    if (name === 'order' && !writer(ask)) throw new Refusal(403, 'forbidden', words(ask).forbidden);
    if (!SECTIONS[name].can[id ? 'update' : 'create']) throw new Refusal(403, 'forbidden', words(ask).forbidden);
    const before = id ? db[name].get(id) : null;
    const row = { ...(before ?? { stage: SECTIONS[name].stages[0]?.stages[0]?.name ?? null, manager_id: name === 'order' ? ask.user.id : undefined }) };
    for (const [key, value] of Object.entries(body)) {
      if (key.includes('@')) continue;
      const field = SECTIONS[name].fields.find((item) => prop(item) === key);
      if (!field) throw new Refusal(400, 'unknown_field', `${key}?`, { target: key });
      if (field.writable === false || field.readonly === true) throw new Refusal(400, 'readonly', words(ask).forbidden, { target: key });
      row[key] = ['money', 'decimal', 'percent', 'integer'].includes(field.type) && value !== null ? Number(value) : value;
    }
    if (name === 'order_line' && Number(row.quantity) < 1) throw new Refusal(400, 'invalid', words(ask).quantity, { target: 'quantity' });
    validate(ask, name, row, Boolean(id));
    // Lines are checked before anything is kept: one transaction.
    const delta = Object.entries(body).filter(([key]) => key.endsWith('@delta'));
    for (const [key, lines] of delta) {
      lines.forEach((line, at) => {
        if (!line['@removed'] && (line.id ? line.quantity !== undefined : true) && !(Number(line.quantity) >= 1)) {
          throw new Refusal(400, 'invalid', words(ask).quantity, { details: [{ target: `${key.replace('@delta', '')}/${at}/quantity`, message: words(ask).quantity }] });
        }
      });
    }
    const now = new Date().toISOString().replace(/\.\d+Z/, 'Z');
    if (!id) {
      row.id = Math.max(0, ...db[name].keys()) + 1;
      if (name === 'order') row.number = `З-2026-${String(row.id).padStart(5, '0')}`;
      Object.assign(row, { created_at: now, created_by_id: ask.user.id, version: 0 });
    }
    const changes = changesOf(ask, name, before, row);
    Object.assign(row, { changed_at: now, changed_by_id: ask.user.id, version: row.version + 1 });
    db[name].set(row.id, row);
    if (changes.length || !id) record({ section: name, record: row.id, by: { id: ask.user.id, title: ask.user.name }, kind: id ? 'changed' : 'created', changes });
    for (const [key, lines] of delta) {
      const detail = SECTIONS[name].details.find((item) => `${item.name}@delta` === key);
      for (const line of lines) {
        if (line['@removed']) db[detail.section].delete(line.id);
        else write(ask, detail.section, line.id ?? null, { ...Object.fromEntries(Object.entries(line).filter(([name2]) => name2 !== 'id')), ...(line.id ? {} : { [`${detail.by}_id`]: row.id }) });
      }
    }
    return row;
  };
  const matching = (ask, name, id) => {
    const row = db[name].get(id);
    if (!row || row.closed) throw new Refusal(404, 'not_found', words(ask).absent);
    return row;
  };
  const fresh = (ask, name, row) => {
    const match = /"(\d+)"/.exec(ask.headers['if-match'] ?? '');
    if (!match || Number(match[1]) === row.version) return;
    const later = history.filter((item) => item.section === name && item.record === row.id).slice(-(row.version - Number(match[1])));
    const changes = new Map();
    for (const item of later) for (const change of item.changes) changes.set(change.field, { ...change, old: changes.get(change.field)?.old ?? change.old });
    throw new Refusal(412, 'stale', words(ask).stale, { 'ostov.current': { etag: `W/"${row.version}"`, changed_at: row.changed_at, changed_by: later.at(-1)?.by ?? null, changes: [...changes.values()] } });
  };
  const found = (name, query) => {
    const section = SECTIONS[name];
    let rows = [...db[name].values()].filter((row) => !row.closed).map((row) => ({ ...row, ...computed2(name, row) }));
    const view = section.lists.find((list) => list.name === query.get('$ostov.list'));
    if (view?.where) rows = rows.filter(view.where);
    if (query.get('$filter')) rows = rows.filter(parseFilter(query.get('$filter')));
    const search = query.get('$search')?.toLowerCase();
    if (search) rows = rows.filter((row) => `${title(name, row)} ${section.fields.filter((field) => field.search).map((field) => row[prop(field)] ?? '').join(' ')}`.toLowerCase().includes(search));
    const order = (query.get('$orderby') ?? '').split(',').filter(Boolean).map((part) => part.trim().split(' '));
    const key = (row, by) => {
      const field = section.fields.find((item) => item.name === by);
      return field?.type === 'lookup' ? title(field.to, db[field.to].get(row[`${by}_id`])) : row[by];
    };
    if (order.length) {
      rows.sort((a, b) => {
        for (const [by, way] of order) {
          const [x, y] = [key(a, by), key(b, by)];
          if (x === y) continue;
          if (x === null || x === undefined) return 1;
          if (y === null || y === undefined) return -1;
          const less = typeof x === 'string' ? x.localeCompare(y, 'ru') : x < y ? -1 : 1;
          return way === 'desc' ? -less : less;
        }
        return a.id - b.id;
      });
    }
    return rows;
  };
  const computed2 = (name, row) => (name === 'order' ? { to_pay: row.amount === null ? null : row.amount * (1 - (row.discount ?? 0) / 100) } : {});

  const deletable = (name, id) => (name === 'customer' ? [...db.order.values()].filter((row) => row.customer_id === id).length === 0 : true);

  async function handle(ask) {
    const { method, path, query, body } = ask;
    const say = words(ask);
    let m;
    if (path === '/auth/login') {
      const user = people.get(body.login);
      if (!user || user.password !== body.password) {
        fails.count += 1;
        if (fails.count > 20) throw new Refusal(429, 'too_many_attempts', '', { retry: 30 });
        throw new Refusal(401, 'bad_credentials', say.bad);
      }
      fails.count = 0;
      const token = randomBytes(16).toString('hex');
      sessions.set(token, { login: user.login, csrf: randomBytes(8).toString('hex') });
      ask.cookie = `ostov_session=${token}; HttpOnly; SameSite=Lax; Path=/`;
      return [200, { user: open(user), csrf: sessions.get(token).csrf }];
    }
    if (!ask.user) throw new Refusal(401, 'not_signed_in', say.bad);
    if (method !== 'GET' && ask.headers['x-csrf-token'] !== ask.session.csrf) throw new Refusal(403, 'csrf', say.csrf);
    if (path === '/auth/me') {
      if (method === 'PATCH') Object.assign(ask.user, body);
      return [200, { user: open(ask.user), csrf: ask.session.csrf }];
    }
    if (path === '/auth/logout') {
      sessions.delete(ask.token);
      return [204];
    }
    if (path === '/auth/password') {
      if (body.old !== ask.user.password) throw new Refusal(400, 'invalid', say.old, { target: 'old' });
      if (String(body.new).length < 10) throw new Refusal(400, 'invalid', say.short, { target: 'new' });
      ask.user.password = body.new;
      return [204];
    }
    if (path === '/auth/tokens' && method === 'GET') return [200, { value: tokens.filter((item) => item.login === ask.user.login) }];
    if (path === '/auth/tokens') {
      const id = tokens.length + 1;
      tokens.push({ id, login: ask.user.login, name: body.name, created_at: new Date().toISOString(), expires_at: body.days ? new Date(Date.now() + body.days * 86400000).toISOString() : null, last_used_at: null });
      return [201, { id, token: `ost_${randomBytes(20).toString('hex')}` }];
    }
    if ((m = /^\/auth\/tokens\((\d+)\)$/.exec(path))) {
      const at = tokens.findIndex((item) => item.id === Number(m[1]));
      if (at < 0) throw new Refusal(404, 'not_found', say.absent);
      tokens.splice(at, 1);
      return [204];
    }
    if (path === '/ui/meta') {
      const sections = translate(SECTIONS, ask.language);
      for (const [name, section] of Object.entries(sections)) {
        section.name = name;
        if (!writer(ask) && name === 'order') section.can = { create: false, update: false, delete: false, import: false, export: true };
      }
      return [200, { app: { name: 'trade', label: ask.language === 'ru' ? 'Торговый дом' : 'Trading house', version: '1.0.0' }, generation: 1, language: ask.language, languages: ['en', 'ru'], zone: 'Europe/Moscow', currency: 'RUB', menu: translate(MENU, ask.language), sections }];
    }
    if ((m = /^\/ui\/settings\/([\w.-]+)$/.exec(path))) {
      const key = `${ask.user.login}/${m[1]}`;
      if (method === 'PUT') {
        settings.set(key, body);
        return [204];
      }
      if (!settings.has(key)) throw new Refusal(404, 'not_found', say.absent);
      return [200, settings.get(key)];
    }
    if (path === '/ui/search') {
      const text = (query.get('q') ?? '').toLowerCase();
      const groups = Object.keys(SECTIONS).filter((name) => !SECTIONS[name].owned_by).map((name) => ({
        section: name, label: SECTIONS[name].plural[ask.language],
        items: [...db[name].values()].filter((row) => title(name, row).toLowerCase().includes(text)).slice(0, 5).map((row) => ({ id: row.id, title: title(name, row) })),
      })).filter((group) => group.items.length);
      return [200, { groups }];
    }
    if ((m = /^\/ui\/form\/(\w+)$/.exec(path))) {
      const name = m[1];
      const kept = body.id ? matching(ask, name, body.id) : { stage: SECTIONS[name].stages[0]?.stages[0]?.name ?? null };
      const draft = Object.fromEntries(Object.entries(body.values ?? {}).filter(([key]) => !key.includes('@')));
      const row = { ...kept, ...draft };
      const values = {};
      const titles = {};
      if (!body.id && name === 'order') {
        if (row.manager_id === undefined) { values.manager_id = ask.user.id; titles.manager = ask.user.name; }
        if (row.kind === undefined) values.kind = 'retail';
        if (row.ordered_on === undefined) values.ordered_on = new Date().toISOString().slice(0, 10);
      }
      if (name === 'order' && body.changed?.includes('kind') && row.kind === 'wholesale') values.discount = 10;
      if (name === 'order' && body.changed?.includes('customer') && row.contact_id && db.contact.get(row.contact_id)?.customer_id !== row.customer_id) values.contact_id = null;
      Object.assign(row, values);
      const shownValues = computed(name, row);
      for (const [key, value] of Object.entries(shownValues)) if (body.values?.amount !== undefined || body.values?.discount !== undefined || values.discount !== undefined) values[key] = value;
      const lines = {};
      for (const detail of SECTIONS[name].details.filter((item) => item.owned)) {
        const told = (body.values?.[`${detail.name}@delta`] ?? []).filter((line) => line['@ostov.key'] && !line['@removed']);
        if (told.length) lines[detail.name] = told.map((line) => ({ key: line['@ostov.key'], may: writer(ask), values: {}, titles: {}, fields: {}, errors: [] }));
      }
      return [200, { values, titles, lines, ...rules(ask, name, row, Boolean(body.id)), stage: row.stage ?? null, path: SECTIONS[name].stages[0]?.path ?? null }];
    }
    if ((m = /^\/ui\/lookup\/(\w+)\/(\w+)$/.exec(path))) {
      const field = SECTIONS[m[1]].fields.find((item) => item.name === m[2]);
      const text = (body.q ?? '').toLowerCase();
      let rows = [...db[field.to].values()].filter((row) => `${title(field.to, row)} ${row.tax_number ?? ''}`.toLowerCase().includes(text));
      if (m[1] === 'order' && m[2] === 'contact' && body.values?.customer_id) rows = rows.filter((row) => row.customer_id === body.values.customer_id);
      const top = body.top ?? 20;
      return [200, { items: rows.slice(0, top).map((row) => ({ id: row.id, title: title(field.to, row), hints: [row.tax_number, row.city, row.phone].filter(Boolean) })), more: rows.length > top, create: Boolean(field.create) && SECTIONS[field.to].can.create }];
    }
    if ((m = /^\/ui\/history\/(\w+)\/(\d+)$/.exec(path))) {
      matching(ask, m[1], Number(m[2]));
      const own = history.filter((item) => item.section === m[1] && item.record === Number(m[2])).reverse();
      const row = db[m[1]].get(Number(m[2]));
      if (!own.some((item) => item.kind === 'created')) own.push({ id: 0, at: row.created_at, by: { id: 1, title: 'Анна Смирнова' }, kind: 'created', changes: [] });
      const from = Number(query.get('before') ?? 0);
      return [200, { items: own.slice(from, from + 10), next: own.length > from + 10 ? String(from + 10) : null }];
    }
    if ((m = /^\/ui\/delete\/(\w+)$/.exec(path))) {
      const free = body.ids.filter((id) => deletable(m[1], id));
      const counts = [{ section: m[1], label: SECTIONS[m[1]].label[ask.language], plural: SECTIONS[m[1]].plural[ask.language], count: free.length }];
      for (const detail of SECTIONS[m[1]].details.filter((item) => item.owned)) {
        const count = [...db[detail.section].values()].filter((row) => free.includes(row[`${detail.by}_id`])).length;
        if (count) counts.push({ section: detail.section, label: SECTIONS[detail.section].label[ask.language], plural: SECTIONS[detail.section].plural[ask.language], count });
      }
      const blocked = body.ids.length > free.length ? [{ section: 'order', label: SECTIONS.order.plural[ask.language], count: body.ids.length - free.length }] : [];
      return [200, { counts, blocked, deletable: free.length }];
    }
    if ((m = /^\/ui\/bulk\/(\w+)$/.exec(path))) {
      const name = m[1];
      const failed = [];
      let done = 0;
      for (const id of body.ids) {
        try {
          matching(ask, name, id);
          if (body.action === 'delete') remove(ask, name, id);
          else if (body.action === 'move') go(ask, name, id, body.move, body.comment);
          else write(ask, name, id, body.values);
          done += 1;
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          failed.push({ id, title: title(name, db[name].get(id)), error: { code: error.code, message: error.message, ...error.more } });
        }
      }
      return [200, { done, failed }];
    }
    if ((m = /^\/ui\/export\/(\w+)\.(csv|xlsx)$/.exec(path))) {
      const columns = (query.get('columns') ?? '').split(',');
      const rows = found(m[1], query).map((row) => present(m[1], row, null, true));
      ask.raw = { type: 'text/csv', name: `${m[1]}.${m[2]}`, data: [columns.join(';'), ...rows.map((row) => columns.map((name) => row[`${name}@ostov.title`] ?? row[name] ?? '').join(';'))].join('\n') };
      return [200];
    }
    if (path === '/files' && method === 'POST') {
      const id = files.size + 1;
      files.set(id, { id, name: decodeURIComponent(ask.headers['x-file-name'] ?? 'file'), size: ask.bytes.length, media_type: ask.headers['content-type'], data: ask.bytes });
      return [201, about(files.get(id))];
    }
    if ((m = /^\/files\/(\w+)\((\d+)\)\/(\w+)(?:\/(\d+))?$/.exec(path))) {
      const row = matching(ask, m[1], Number(m[2]));
      const file = files.get(m[4] ? Number(m[4]) : row[`${m[3]}_id`]);
      if (!file) throw new Refusal(404, 'not_found', say.absent);
      ask.raw = { type: file.media_type, name: file.name, data: file.data };
      return [200];
    }
    if (path === '/ui/import' && method === 'POST') {
      const id = imports.size + 1;
      const text = files.get(body.file).data.toString('utf8');
      const lines = text.split(/\r?\n/).filter(Boolean).map((line) => line.split(';'));
      const fields = SECTIONS[body.section].fields.filter((field) => !field.builtin);
      imports.set(id, {
        id, section: body.section, state: 'detecting', polls: 0, text, lines,
        format: { kind: 'csv', encoding: 'UTF-8', separator: ';', quote: 'doubled', decimal: ',', date: 'dd.mm.yyyy', header_row: 1 },
        columns: lines[0].map((name, at) => ({ name, samples: lines.slice(1, 6).map((line) => line[at] ?? ''), to: fields.find((field) => [field.name, field.label.en, field.label.ru].some((label) => label.toLowerCase() === name.trim().toLowerCase()))?.name ?? (body.mapping && name === 'Город' ? 'city' : null) })),
        key: body.section === 'customer' ? 'tax_number' : null, rows: lines.length - 1, done: 0, created: 0, updated: 0, unchanged: 0, rejected: 0, errors: [], dry: false, user: ask.user.login,
      });
      return [201, { id }];
    }
    if ((m = /^\/ui\/import\/(\d+)(?:\/(run|preview|cancel|rejected))?$/.exec(path))) {
      const job = imports.get(Number(m[1]));
      if (!job) throw new Refusal(404, 'not_found', say.absent);
      if (m[2] === 'run') {
        Object.assign(job, { state: body.dry ? 'checking' : 'running', dry: body.dry, columns: body.columns ?? job.columns, format: body.format ?? job.format, key: body.key ?? null, done: 0, created: 0, updated: 0, unchanged: 0, rejected: 0, errors: [] });
        return [202, {}];
      }
      if (m[2] === 'preview') {
        const format = { ...job.format, ...body.format };
        const lines = job.text.split(/\r?\n/).filter(Boolean).map((line) => line.split(format.separator)).slice(format.header_row - 1);
        const fields = SECTIONS[job.section].fields.filter((field) => !field.builtin);
        const before = body.columns ?? job.columns;
        const columns = lines[0].map((name, at) => ({ name, samples: lines.slice(1, 6).map((line) => line[at] ?? ''),
          to: before.find((column) => column.name === name)?.to ?? fields.find((field) => Object.values(field.label).some((label) => label.toLowerCase() === name.trim().toLowerCase()))?.name ?? null }));
        Object.assign(job, { state: 'detecting', format, lines, columns, key: body.key ?? job.key, rows: lines.length - 1, done: 0, created: 0, updated: 0, unchanged: 0, rejected: 0, errors: [] });
        return [202, {}];
      }
      if (m[2] === 'cancel') {
        job.state = 'cancelled';
        return [204];
      }
      if (m[2] === 'rejected') {
        ask.raw = { type: 'text/csv', name: 'rejected.csv', data: [[...job.lines[0], 'Причина'].join(';'), ...job.errors.map((error) => [...job.lines[error.row - 1], error.reason].join(';'))].join('\n') };
        return [200];
      }
      if (job.state === 'detecting') job.state = 'ready';
      else if (job.state === 'checking' || job.state === 'running') step(ask, job);
      const { text: _text, lines: _lines, polls: _polls, user: _user, ...shape } = job;
      return [200, shape];
    }
    if ((m = /^\/api\/(\w+)$/.exec(path)) && SECTIONS[m[1]]) {
      const name = m[1];
      const titles = (ask.headers.prefer ?? '').includes('ostov.titles');
      if (method === 'POST') {
        const key = ask.headers['idempotency-key'];
        if (key && answered.has(key)) return answered.get(key);
        const row = write(ask, name, null, body);
        const answer = [201, present(name, row, null, titles)];
        if (key) answered.set(key, answer);
        return answer;
      }
      const rows = found(name, query);
      const skip = Number(query.get('$skip') ?? 0);
      const top = Math.min(Number(query.get('$top') ?? 100), 1000);
      const select = query.get('$select')?.split(',');
      const expand = (query.get('$expand') ?? '').replace(/\(.*?\)/g, '').split(',').filter(Boolean);
      const out = { value: rows.slice(skip, skip + top).map((row) => {
        const shape = present(name, db[name].get(row.id), select, titles);
        for (const step of expand) {
          const field = SECTIONS[name].fields.find((item) => item.name === step);
          const target = db[field.to].get(row[`${step}_id`]);
          shape[step] = target ? present(field.to, target, null, titles) : null;
        }
        return shape;
      }) };
      if (query.get('$count') === 'true') {
        const bound = Number(/count-bound=(\d+)/.exec(ask.headers.prefer ?? '')?.[1] ?? Infinity);
        out['@odata.count'] = Math.min(rows.length, bound);
        if (rows.length > bound) out['@ostov.count-exceeded'] = true;
      }
      return [200, out];
    }
    if ((m = /^\/api\/(\w+)\((\d+)\)(?:\/(\w+))?$/.exec(path)) && SECTIONS[m[1]]) {
      const [name, id] = [m[1], Number(m[2])];
      const row = matching(ask, name, id);
      if (m[3]) {
        fresh(ask, name, row);
        return [200, present(name, go(ask, name, id, m[3], body?.comment), null, true)];
      }
      if (method === 'GET') return [200, present(name, row, query.get('$select')?.split(','), true)];
      if (method === 'PATCH') {
        fresh(ask, name, row);
        return [200, present(name, write(ask, name, id, body), null, true)];
      }
      if (method === 'DELETE') {
        fresh(ask, name, row);
        remove(ask, name, id);
        return [204];
      }
    }
    throw new Refusal(404, 'not_found', say.absent);
  }
  const go = (ask, name, id, moveName, comment) => {
    const row = matching(ask, name, id);
    const move = SECTIONS[name].moves.find((item) => item.name === moveName);
    if (!move) throw new Refusal(404, 'not_found', words(ask).absent);
    const state = rules(ask, name, row, true).moves.find((item) => item.name === moveName);
    if (!writer(ask)) throw new Refusal(403, 'forbidden', words(ask).forbidden);
    if (!state?.allowed) throw new Refusal(409, 'not_now', state?.reason ?? words(ask).notnow);
    const next = { ...row, stage: move.to, version: row.version + 1, changed_at: new Date().toISOString().replace(/\.\d+Z/, 'Z'), changed_by_id: ask.user.id };
    db[name].set(id, next);
    record({ section: name, record: id, by: { id: ask.user.id, title: ask.user.name }, kind: 'moved', move: moveName, comment: comment ?? null, changes: [{ field: 'stage', label: SECTIONS[name].fields.find((item) => item.name === 'stage').label[ask.language], old: row.stage, new: move.to }] });
    return next;
  };
  const remove = (ask, name, id) => {
    if (!deletable(name, id)) throw new Refusal(409, 'blocked', ask.language === 'ru' ? 'Мешают заказы.' : 'Orders stand in the way.');
    db[name].delete(id);
  };
  const step = (ask, job) => {
    const end = Math.min(job.done + Math.max(40, Math.ceil(job.rows / 4)), job.rows);
    for (; job.done < end; job.done += 1) {
      const line = job.lines[job.done + 1];
      const row = {};
      job.columns.forEach((column, at) => {
        if (column.to) row[column.to] = line[at] || null;
      });
      const old = job.key && row[job.key] ? [...db[job.section].values()].find((item) => item[job.key] === row[job.key]) : null;
      try {
        if (job.dry) validate(ask, job.section, { ...old, ...row }, Boolean(old));
        else write(ask, job.section, old?.id ?? null, row);
        if (!old) job.created += 1;
        else if (Object.entries(row).every(([key, value]) => String(old[key] ?? '') === String(value ?? ''))) job.unchanged += 1;
        else job.updated += 1;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        job.rejected += 1;
        const target = error.more.target ?? error.more.details?.[0]?.target;
        job.errors.push({ row: job.done + 2, column: job.columns.find((column) => column.to === target)?.name ?? null, reason: error.message });
      }
    }
    if (job.done >= job.rows) job.state = job.dry ? 'ready' : 'done';
  };
  const open = ({ password: _password, ...user }) => user;

  const server = createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => void answer(request, response, Buffer.concat(parts)));
  });
  async function answer(request, response, bytes) {
    const url = new URL(request.url, 'http://mock');
    const path = decodeURIComponent(url.pathname);
    response.setHeader('Content-Security-Policy', POLICY);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (!/^\/(api|auth|ui|files)(\/|$)/.test(path)) return serve(path, response);
    if (slow) await new Promise((resolve) => setTimeout(resolve, slow));
    const token = /ostov_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
    const session = sessions.get(token);
    const user = session ? people.get(session.login) : undefined;
    const language = user?.language ?? (/^ru/.test(request.headers['accept-language'] ?? '') ? 'ru' : 'en');
    const ask = { method: request.method, path, query: url.searchParams, headers: request.headers, bytes, token, session, user, language };
    if (path === '/ui/events' && user) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('retry: 2000\nevent: open\ndata: {"generation":1}\n\n');
      return undefined;
    }
    try {
      if ((request.headers['content-type'] ?? '').startsWith('application/json') && path !== '/files') ask.body = bytes.length ? JSON.parse(bytes.toString('utf8')) : {};
      const [status, body] = await handle(ask);
      if (ask.cookie) response.setHeader('Set-Cookie', ask.cookie);
      if (ask.raw) {
        response.writeHead(status, { 'Content-Type': ask.raw.type ?? 'application/octet-stream', 'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(ask.raw.name)}` });
        response.end(ask.raw.data);
        return undefined;
      }
      response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
      // A long decimal of the made-up data travels as a number, as the real server writes it.
      response.end(body === undefined ? '' : JSON.stringify(body).replace(/"turnover":"(\d+\.\d+)"/g, '"turnover":$1'));
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'fault', '', { id: 'mock' });
      if (!(error instanceof Refusal)) console.error(error);
      const { retry, ...more } = refusal.more;
      if (retry) response.setHeader('Retry-After', String(retry));
      response.writeHead(refusal.status, { 'Content-Type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify({ error: { code: refusal.code, message: refusal.message, ...more } }));
    }
    return undefined;
  }
  function serve(path, response) {
    let file = join(DIST, normalize(path));
    if (!file.startsWith(DIST) || !existsSync(file) || statSync(file).isDirectory()) file = join(DIST, 'index.html');
    response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  }
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${server.address().port}`, db, sessions, close: () => { server.closeAllConnections(); server.close(); } }));
  });
}

if (process.argv[1] && import.meta.url === new URL(`file://${process.argv[1]}`).href) {
  const mock = await mockStart({ port: Number(process.argv[2] ?? 8123), slow: Number(process.env.MOCK_SLOW ?? 0) });
  console.log(mock.url);
}
