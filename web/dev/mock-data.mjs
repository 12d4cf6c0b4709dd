/** A generic trading company, made up the same way at every start. */

const L = (en, ru) => ({ en, ru });

let seed = 7;
const random = (n) => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return Math.floor((seed / 2147483648) * n);
};
const pick = (list) => list[random(list.length)];
const day = (offset) => new Date(Date.UTC(2026, 4, 15) + offset * 86400000).toISOString().slice(0, 10);

const builtin = (stages) => [
  { name: 'id', label: L('Number in the system', 'Номер в системе'), type: 'integer', builtin: true, writable: false, sortable: true },
  ...(stages ? [{ name: 'stage', label: L('Stage', 'Стадия'), type: 'stage', builtin: true, writable: false, sortable: true, filterable: true }] : []),
  { name: 'created_at', label: L('Created', 'Создано'), type: 'datetime', builtin: true, writable: false, sortable: true, filterable: true },
  { name: 'created_by', label: L('Created by', 'Кем создано'), type: 'lookup', to: 'user', builtin: true, writable: false, filterable: true },
  { name: 'changed_at', label: L('Changed', 'Изменено'), type: 'datetime', builtin: true, writable: false, sortable: true, filterable: true },
  { name: 'changed_by', label: L('Changed by', 'Кем изменено'), type: 'lookup', to: 'user', builtin: true, writable: false, filterable: true },
];
const f = (name, type, en, ru, more = {}) => ({ name, type, label: L(en, ru), writable: true, sortable: !more.many, filterable: true, ...more });
const can = (more = {}) => ({ create: true, update: true, delete: true, import: true, export: true, ...more });
const field = (name) => ({ kind: 'field', name });

export const SECTIONS = {
  order: {
    label: L('Order', 'Заказ'), plural: L('Orders', 'Заказы'), module: 'sales', can: can(), owned_by: null,
    title: (row, db) => `${row.number ?? ''} · ${db.customer.get(row.customer_id)?.name ?? ''}`,
    fields: [
      f('number', 'autonumber', 'Number', 'Номер', { writable: false }),
      f('kind', 'choice', 'Kind', 'Вид', { required: true, live: true, values: [
        { value: 'retail', label: L('Retail', 'Розница'), colour: 'blue' }, { value: 'wholesale', label: L('Wholesale', 'Опт'), colour: 'green' },
        { value: 'export', label: L('Export', 'Экспорт'), colour: 'purple' }] }),
      f('customer', 'lookup', 'Customer', 'Покупатель', { to: 'customer', required: true, create: true, live: true }),
      f('contact', 'lookup', 'Contact', 'Контактное лицо', { to: 'contact', create: true, help: L('Only people of the chosen customer are offered', 'Предлагаются только люди выбранного покупателя') }),
      f('manager', 'lookup', 'Manager', 'Менеджер', { to: 'user', readonly: true }),
      f('watchers', 'lookup', 'Watchers', 'Наблюдатели', { to: 'user', many: true }),
      f('amount', 'money', 'Amount', 'Сумма', { scale: 2, min: 0, live: true, readonly: 'rule' }),
      f('discount', 'percent', 'Discount', 'Скидка', { scale: 1, min: 0, max: 100, live: true }),
      f('to_pay', 'formula', 'To pay', 'К оплате', { value_type: 'money', scale: 2, writable: false }),
      f('ordered_on', 'date', 'Ordered on', 'Дата заказа', { live: true }),
      f('due_on', 'date', 'Due on', 'Срок', { required: true, live: true }),
      f('call_at', 'datetime', 'Call at', 'Позвонить'),
      f('effort', 'duration', 'Effort', 'Трудоёмкость'),
      f('urgent', 'boolean', 'Urgent', 'Срочно'),
      f('weight', 'decimal', 'Weight, kg', 'Вес, кг', { scale: 3 }),
      f('places', 'integer', 'Places', 'Мест'),
      f('email', 'email', 'E-mail', 'Эл. почта', { search: true }),
      f('phone', 'phone', 'Phone', 'Телефон'),
      f('site', 'url', 'Site', 'Сайт'),
      f('note', 'text', 'Note', 'Примечание', { long: true, required: 'rule', search: true, sortable: false }),
      f('scan', 'file', 'Scan', 'Скан', { sortable: false }),
      f('papers', 'file', 'Papers', 'Документы', { many: true, sortable: false }),
      f('secret', 'text', 'Export permit', 'Разрешение на вывоз', { hidden: 'rule' }),
      f('paid', 'rollup', 'Lines total', 'Сумма строк', { value_type: 'money', scale: 2, writable: false }),
      ...builtin(true),
    ],
    details: [
      { name: 'lines', label: L('Lines', 'Строки'), section: 'order_line', by: 'order', owned: true, columns: ['product', 'quantity', 'price', 'ships_on'] },
      { name: 'tickets', label: L('Tickets', 'Обращения'), section: 'ticket', by: 'order', owned: false, columns: ['subject', 'priority', 'opened_on'] },
    ],
    layout: [
      field('number'), field('kind'), field('customer'), field('contact'),
      { kind: 'tab', name: 'main', label: L('Terms', 'Условия'), items: [
        { kind: 'group', name: 'money', label: L('Money', 'Деньги'), items: [field('amount'), field('discount'), field('to_pay'), field('paid')] },
        { kind: 'group', name: 'dates', label: L('Dates', 'Сроки'), items: [field('ordered_on'), field('due_on'), field('call_at'), field('effort')] },
        field('urgent'), field('manager'), field('watchers'), field('note'), field('secret'), { kind: 'detail', name: 'lines' }] },
      { kind: 'tab', name: 'delivery', label: L('Delivery', 'Доставка'), items: [field('weight'), field('places'), field('email'), field('phone'), field('site')] },
      { kind: 'tab', name: 'papers', label: L('Papers', 'Документы'), items: [field('scan'), field('papers')] },
      { kind: 'tab', name: 'links', label: L('Tickets', 'Обращения'), items: [{ kind: 'detail', name: 'tickets' }] },
    ],
    stages: [{ path: 'main', label: L('Order', 'Заказ'), stages: [
      { name: 'draft', label: L('Draft', 'Черновик'), final: false }, { name: 'approval', label: L('Approval', 'Согласование'), final: false },
      { name: 'active', label: L('In work', 'В работе'), final: false }, { name: 'done', label: L('Done', 'Выполнен'), final: true }, { name: 'refused', label: L('Refused', 'Отклонён'), final: true }] }],
    moves: [
      { name: 'submit', label: L('Submit', 'На согласование'), from: ['draft'], to: 'approval', comment: false },
      { name: 'approve', label: L('Approve', 'Согласовать'), from: ['approval'], to: 'active', comment: false },
      { name: 'refuse', label: L('Refuse', 'Отклонить'), from: ['draft', 'approval'], to: 'refused', comment: true },
      { name: 'finish', label: L('Finish', 'Завершить'), from: ['active'], to: 'done', comment: false },
    ],
    lists: [
      { name: 'all', label: L('All', 'Все'), columns: ['number', 'customer', 'kind', 'stage', 'amount', 'due_on', 'urgent', 'manager'], sort: ['-created_at'] },
      { name: 'open', label: L('Open', 'Открытые'), columns: ['number', 'customer', 'stage', 'amount', 'due_on'], sort: ['due_on'], where: (row) => !['done', 'refused'].includes(row.stage) },
      { name: 'urgent', label: L('Urgent', 'Срочные'), columns: ['number', 'customer', 'customer.city', 'due_on', 'call_at', 'stage'], sort: ['due_on'], where: (row) => row.urgent === true },
    ],
    imports: [],
  },
  order_line: {
    label: L('Order line', 'Строка заказа'), plural: L('Order lines', 'Строки заказов'), module: 'sales', can: can({ import: false }), owned_by: 'order',
    title: (row, db) => db.product.get(row.product_id)?.name ?? '',
    fields: [
      f('order', 'lookup', 'Order', 'Заказ', { to: 'order', required: true }), f('product', 'lookup', 'Product', 'Товар', { to: 'product', required: true, create: true }),
      f('quantity', 'integer', 'Quantity', 'Количество', { min: 1, required: true }), f('price', 'money', 'Price', 'Цена', { scale: 2 }), f('ships_on', 'date', 'Ships on', 'Отгрузка'), f('mark', 'text', 'Marking', 'Маркировка'), f('fragile', 'boolean', 'Fragile', 'Хрупкое'), ...builtin(false)],
    details: [], layout: [], stages: [], moves: [], lists: [{ name: 'all', label: L('All', 'Все'), columns: ['product', 'quantity', 'price', 'ships_on'] }], imports: [],
  },
  customer: {
    label: L('Customer', 'Покупатель'), plural: L('Customers', 'Покупатели'), module: 'sales', can: can(), owned_by: null, title: (row) => row.name,
    fields: [
      f('name', 'text', 'Name', 'Наименование', { required: true, search: true }), f('tax_number', 'text', 'Tax number', 'ИНН', { search: true }), f('city', 'text', 'City', 'Город'),
      f('category', 'choice', 'Category', 'Категория', { values: [{ value: 'a', label: L('A', 'А') }, { value: 'b', label: L('B', 'Б') }, { value: 'c', label: L('C', 'В') }] }),
      f('owner', 'lookup', 'Manager', 'Менеджер', { to: 'user' }), f('email', 'email', 'E-mail', 'Эл. почта'), f('turnover', 'decimal', 'Turnover', 'Оборот', { scale: 2 }), ...builtin(false)],
    details: [
      { name: 'contacts', label: L('Contacts', 'Контактные лица'), section: 'contact', by: 'customer', owned: false, columns: ['name', 'phone'] },
      { name: 'orders', label: L('Orders', 'Заказы'), section: 'order', by: 'customer', owned: false, columns: ['number', 'stage', 'amount', 'due_on'] }],
    layout: [field('name'), field('tax_number'), field('city'), field('category'), field('owner'), field('email'), field('turnover'), { kind: 'detail', name: 'contacts' }, { kind: 'detail', name: 'orders' }],
    stages: [], moves: [], lists: [{ name: 'all', label: L('All', 'Все'), columns: ['name', 'tax_number', 'city', 'category', 'owner', 'turnover'], sort: ['name'] }],
    imports: [{ name: 'partners', label: L('Partners’ file', 'Файл партнёров') }],
  },
  contact: {
    label: L('Contact', 'Контактное лицо'), plural: L('Contacts', 'Контактные лица'), module: 'sales', can: can(), owned_by: null, title: (row) => row.name,
    fields: [f('name', 'text', 'Name', 'Имя', { required: true, search: true }), f('customer', 'lookup', 'Customer', 'Покупатель', { to: 'customer', required: true }), f('phone', 'phone', 'Phone', 'Телефон'), ...builtin(false)],
    details: [], layout: [field('name'), field('customer'), field('phone')], stages: [], moves: [], lists: [{ name: 'all', label: L('All', 'Все'), columns: ['name', 'customer', 'phone'], sort: ['name'] }], imports: [],
  },
  product: {
    label: L('Product', 'Товар'), plural: L('Products', 'Товары'), module: 'stock', can: can(), owned_by: null, title: (row) => row.name,
    fields: [f('name', 'text', 'Name', 'Наименование', { required: true, search: true }), f('price', 'money', 'Price', 'Цена', { scale: 2 }), f('in_stock', 'integer', 'In stock', 'Остаток'), ...builtin(false)],
    details: [], layout: [], stages: [], moves: [], lists: [{ name: 'all', label: L('All', 'Все'), columns: ['name', 'price', 'in_stock'], sort: ['name'] }], imports: [],
  },
  ticket: {
    label: L('Ticket', 'Обращение'), plural: L('Tickets', 'Обращения'), module: 'service', can: can({ delete: false, import: false }), owned_by: null, title: (row) => row.subject,
    fields: [
      f('subject', 'text', 'Subject', 'Тема', { required: true, search: true }), f('order', 'lookup', 'Order', 'Заказ', { to: 'order' }),
      f('priority', 'choice', 'Priority', 'Важность', { values: [{ value: 'low', label: L('Low', 'Низкая'), colour: 'grey' }, { value: 'high', label: L('High', 'Высокая'), colour: 'red' }] }),
      f('opened_on', 'date', 'Opened on', 'Открыто'), ...builtin(false)],
    details: [], layout: [], stages: [], moves: [], lists: [{ name: 'all', label: L('All', 'Все'), columns: ['subject', 'order', 'priority', 'opened_on'], sort: ['-opened_on'] }], imports: [],
  },
  archive: {
    label: L('Archive box', 'Архивное дело'), plural: L('Archive', 'Архив'), module: 'service', can: can({ import: false }), owned_by: null, title: (row) => row.name,
    fields: [f('name', 'text', 'Name', 'Наименование', { required: true }), ...builtin(false)],
    details: [], layout: [], stages: [], moves: [], lists: [{ name: 'all', label: L('All', 'Все'), columns: ['name', 'created_at'] }], imports: [],
  },
  user: {
    label: L('Person', 'Сотрудник'), plural: L('People', 'Сотрудники'), module: 'base', can: can({ create: false, update: false, delete: false, import: false }), owned_by: null, title: (row) => row.name,
    fields: [f('name', 'text', 'Name', 'Имя', { search: true, writable: false }), f('login', 'text', 'User name', 'Имя входа', { writable: false }), ...builtin(false)],
    details: [], layout: [], stages: [], moves: [], lists: [{ name: 'all', label: L('All', 'Все'), columns: ['name', 'login'], sort: ['name'] }], imports: [],
  },
};

export const MENU = [
  { module: 'sales', label: L('Sales', 'Продажи'), sections: ['order', 'customer', 'contact'] },
  { module: 'stock', label: L('Stock', 'Склад'), sections: ['product'] },
  { module: 'service', label: L('Service', 'Сервис'), sections: ['ticket', 'archive'] },
];

const FORMS = ['ООО', 'АО', 'ИП'];
const NAMES = ['Ромашка', 'Вектор', 'Северный ветер', 'Техномаш', 'Горизонт', 'Ладога', 'Меридиан', 'Стройсервис', 'Альбатрос', 'Эталон', 'Уральские самоцветы', 'Континент'];
const CITIES = ['Казань', 'Москва', 'Санкт-Петербург', 'Пермь', 'Самара', 'Екатеринбург'];
const PEOPLE = ['Анна Смирнова', 'Борис Кузнецов', 'Вера Попова', 'Глеб Соколов', 'Дарья Лебедева', 'Егор Козлов', 'Жанна Новикова'];
const GOODS = ['Кабель силовой', 'Насос дренажный', 'Панель монтажная', 'Редуктор', 'Светильник', 'Трансформатор', 'Щит распределительный'];

export function fill() {
  const db = {};
  for (const name of Object.keys(SECTIONS)) db[name] = new Map();
  const put = (section, row) => {
    const id = db[section].size + 1;
    const at = new Date(Date.UTC(2026, 0, 1) + id * 1234567).toISOString().replace(/\.\d+/, '');
    db[section].set(id, { id, ...row, created_at: at, created_by_id: 1, changed_at: at, changed_by_id: 1, version: 1 });
    return id;
  };
  PEOPLE.forEach((name, at) => put('user', { name, login: at === 0 ? 'anna' : at === 1 ? 'boris' : `user${at}` }));
  for (let at = 0; at < 400; at += 1) {
    put('customer', { name: `${pick(FORMS)} «${pick(NAMES)}${at > 11 ? `-${at}` : ''}»`, tax_number: String(7700000000 + at * 7919), city: pick(CITIES), category: pick(['a', 'b', 'c', null]), owner_id: 1 + random(7), email: `office${at}@example.test`, turnover: at === 3 ? '12345678901234567890.12' : random(900000) / 100 });
  }
  for (let at = 0; at < 600; at += 1) put('contact', { name: `${pick(PEOPLE)} ${at}`, customer_id: 1 + (at % 400), phone: `+7 900 ${100 + random(900)}-${10 + random(90)}-${10 + random(90)}` });
  for (let at = 0; at < 120; at += 1) put('product', { name: `${pick(GOODS)} ${100 + at}`, price: 100 + random(900000) / 100, in_stock: random(500) });
  for (let at = 0; at < 11000; at += 1) {
    const urgent = random(9) === 0;
    const id = put('order', {
      number: `З-2026-${String(at + 1).padStart(5, '0')}`, kind: pick(['retail', 'wholesale', 'export']), customer_id: 1 + random(400), contact_id: null, manager_id: 1 + random(7), watchers_ids: random(5) ? [] : [2, 3],
      amount: random(8) ? Number((random(90000000) / 100).toFixed(2)) : null, discount: random(3) ? null : 5, ordered_on: day(-random(90)), due_on: day(random(120) - 30), call_at: urgent ? `${day(random(20))}T08:30:00Z` : null,
      effort: random(4) ? null : 'PT1H30M', urgent, weight: random(2) ? null : 12.5, places: random(2) ? null : random(20), email: null, phone: null, site: null, note: random(6) ? null : 'Позвонить за день до отгрузки', scan_id: null, papers_ids: [], secret: null,
      stage: pick(['draft', 'draft', 'approval', 'active', 'done', 'refused']),
    });
    if (id <= 600) for (let line = random(4); line > 0; line -= 1) put('order_line', { order_id: id, product_id: 1 + random(120), quantity: 1 + random(30), price: 100 + random(90000) / 100, ships_on: day(random(60)) });
  }
  for (let at = 0; at < 90; at += 1) put('ticket', { subject: `${pick(['Не пришёл счёт', 'Повреждена упаковка', 'Уточнить срок', 'Вернуть товар'])} (${at + 1})`, order_id: 10950 + random(50), priority: pick(['low', 'high']), opened_on: day(-random(40)) });
  return db;
}
