/** Русский каталог. Ключи те же, что в en.ts; их сверяет lint. */
export const ru = {
  language: { en: 'English', ru: 'Русский' },
  theme: { light: 'Светлая', dark: 'Тёмная', system: 'Как в системе' },
  unit: { d: 'д', h: 'ч', m: 'мин', s: 'с' },
  state: { loading: 'Загрузка' },
  act: {
    save: 'Сохранить', cancel: 'Отмена', create: 'Создать', edit: 'Изменить', delete: 'Удалить', close: 'Закрыть', retry: 'Повторить', home: 'На начальную страницу',
  },
  signin: {
    title: 'Вход', login: 'Имя пользователя', password: 'Пароль', enter: 'Войти', both: 'Введите имя пользователя и пароль.',
    expired: 'Войдите ещё раз', expired_text: 'Сеанс завершён. Введённое на странице сохранено.',
  },
  error: {
    failed: 'Не получилось. Попробуйте ещё раз.', network: 'Сервер не отвечает. Проверьте соединение.', busy: 'Сервер занят. Повторите через несколько секунд.',
    too_many_one: 'Слишком много попыток. Повторите через {{count}} секунду.', too_many_few: 'Слишком много попыток. Повторите через {{count}} секунды.',
    too_many_many: 'Слишком много попыток. Повторите через {{count}} секунд.', too_many_other: 'Слишком много попыток. Повторите через {{count}} секунды.',
  },
  trouble: {
    id: 'Номер для поддержки: {{id}}',
    unreachable: { title: 'Нет связи', text: 'Сервер не отвечает. Проверьте соединение и повторите.' },
    failed: { title: 'Что-то пошло не так', text: 'Не удалось показать страницу.' },
    not_found: { title: 'Не найдено', text: 'Такой страницы нет, или она вам недоступна.' },
    no_right: { title: 'Нет доступа', text: 'У вас нет права это видеть. Обратитесь к администратору.' },
  },
  frame: {
    skip: 'Перейти к странице', menu: 'Меню', sections: 'Разделы', favourites: 'Избранное', favourite: 'В избранное: {{label}}', search: 'Поиск', search_keys: 'Ctrl K',
    fold: 'Свернуть меню', unfold: 'Развернуть меню',
  },
  user: {
    menu: '{{name}}: настройки и выход', language: 'Язык', theme: 'Тема', password: 'Сменить пароль', tokens: 'Токены API', keys: 'Горячие клавиши', out: 'Выйти',
  },
  box: {
    placeholder: 'Запись, раздел, действие…', results: 'Найдено', sections: 'Разделы', actions: 'Действия', new: '{{label}}: создать', import: '{{label}}: загрузить из файла', nothing: 'Ничего не найдено',
  },
  keys: {
    title: 'Горячие клавиши', search: 'Поиск в списке', box: 'Поиск везде', down: 'Следующая строка', up: 'Предыдущая строка', open: 'Открыть', new: 'Новая запись', edit: 'Изменить',
    save: 'Сохранить', previous: 'Предыдущая запись списка', next: 'Следующая запись списка', back: 'Назад', help: 'Эта подсказка',
  },
  list: {
    new: 'Создать', search: 'Поиск', views: 'Представления', all: 'Все', columns: 'Столбцы', exchange: 'Выгрузка и загрузка', export_xlsx: 'Выгрузить в Excel', export_csv: 'Выгрузить в CSV', import: 'Загрузить из файла',
    count_one: '{{number}} запись', count_few: '{{number}} записи', count_many: '{{number}} записей', count_other: '{{number}} записи',
    count_more_one: '{{number}}+ записей', count_more_few: '{{number}}+ записей', count_more_many: '{{number}}+ записей', count_more_other: '{{number}}+ записей',
    selected_one: 'Выбрана {{count}}', selected_few: 'Выбрано {{count}}', selected_many: 'Выбрано {{count}}', selected_other: 'Выбрано {{count}}', select: 'Выбрать: {{title}}', select_all: 'Выбрать все загруженные строки',
    empty: '{{label}}: пока пусто', empty_text: 'Создайте первую запись или загрузите записи из файла.', empty_unwritable: 'Здесь появятся записи, доступные вам.',
    nothing: 'Ничего не найдено', nothing_text: 'Нет записей, подходящих под поиск и фильтры.', clear: 'Сбросить поиск и фильтры',
  },
  filter: {
    group: 'Фильтры', add: 'Фильтр', clear: 'Сбросить все', remove: 'Убрать фильтр: {{label}}', how: 'Условие', apply: 'Применить', from: 'От', to: 'До',
    contains: 'содержит', eq: 'равно', empty: 'не заполнено', filled: 'заполнено', in: 'одно из', between: 'в пределах', yes: 'да', no: 'нет',
    today: 'сегодня', this_week: 'эта неделя', this_month: 'этот месяц', next_month: 'следующий месяц', last_month: 'прошлый месяц', next_30: 'ближайшие 30 дней', last_30: 'последние 30 дней',
    this_year: 'этот год', past: 'в прошлом', future: 'в будущем',
    contains_words: 'содержит «{{text}}»', eq_words: '= «{{text}}»', from_words: 'от {{from}}', to_words: 'до {{to}}',
  },
  columns: { title: 'Столбцы', usual: 'По умолчанию', more: 'Можно добавить', up: 'Выше: {{label}}', down: 'Ниже: {{label}}' },
  bulk: {
    label: 'Действия с выбранными', change: 'Изменить поле', move: 'Перевести', none: 'Снять выбор', all: 'Выбрать все {{count}}', first: 'Выбрать первые {{count}}',
    field: 'Поле', value: 'Новое значение', empties: 'Пустое значение очистит поле.',
    change_title_one: 'Изменить поле в {{count}} записи', change_title_few: 'Изменить поле в {{count}} записях', change_title_many: 'Изменить поле в {{count}} записях', change_title_other: 'Изменить поле в {{count}} записях',
    change_do_one: 'Изменить {{count}} запись', change_do_few: 'Изменить {{count}} записи', change_do_many: 'Изменить {{count}} записей', change_do_other: 'Изменить {{count}} записи',
    changed_one: 'Изменена {{count}} запись', changed_few: 'Изменены {{count}} записи', changed_many: 'Изменено {{count}} записей', changed_other: 'Изменено {{count}} записи',
    failed_one: 'Не удалось изменить {{count}} запись', failed_few: 'Не удалось изменить {{count}} записи', failed_many: 'Не удалось изменить {{count}} записей', failed_other: 'Не удалось изменить {{count}} записи',
  },
  field: {
    required: 'Заполните это поле', must: 'Обязательное поле', empty: 'Не указано', yes: 'Да', no: 'Нет', unseen: 'Запись вам недоступна', url_hint: 'https://', duration_hint: '1 ч 30 мин',
  },
  file: { add: 'Выбрать файл', add_several: 'Добавить файлы', replace: 'Заменить', remove: 'Убрать {{name}}' },
  lookup: { nothing: 'Ничего не найдено', more: 'Наберите ещё, чтобы сузить список', create: 'Создать: {{label}}', create_named: 'Создать «{{name}}»' },
  record: {
    new: '{{label}}: создание', more: 'Ещё', up: 'К списку: {{label}}', saved: 'Сохранено', moved: '{{label}}: выполнено', savebar: 'Несохранённые изменения',
    changed_one: 'Изменено {{count}} поле', changed_few: 'Изменено {{count}} поля', changed_many: 'Изменено {{count}} полей', changed_other: 'Изменено {{count}} поля',
    unchanged: 'Пока ничего не изменено', place: '{{at}} из {{total}}', previous: 'Предыдущая запись', next: 'Следующая запись',
  },
  stage: { way: 'Стадии', done: 'Пройдена', of: 'стадия {{at}} из {{count}}', closed: '{{label}}: сейчас нельзя. {{reason}}' },
  move: { comment: 'Комментарий' },
  detail: {
    add: 'Добавить', add_line: 'Добавить строку', none: 'Пока пусто', total: 'Итого', acts: 'Действия', edit_line: 'Изменить строку', remove_line: 'Убрать строку', restore_line: 'Вернуть строку',
    partial: 'Показаны первые {{count}} строк; изменить их можно на их собственных страницах.', all: 'Показать все ({{count}})',
  },
  history: {
    title: 'История', none: 'Пока ничего не происходило', system: 'Система', created: '— запись создана', changed: '— изменения', deleted: '— запись удалена', moved: '— {{label}}', to: 'стало', empty: 'пусто', more: 'Показать более ранние',
  },
  conflict: {
    title: 'Запись изменил другой человек', who: '{{name}}: сохранение {{at}}, пока вы редактировали эту запись.', field: 'Поле', was: 'Было', his: 'Чужое', my: 'Ваше', untouched: 'не менялось',
    unseen: 'Изменённые поля вам недоступны.', theirs: 'Принять чужие', mine: 'Записать свои', text: 'Если принять чужие значения, остальные ваши правки останутся на странице несохранёнными. «Записать свои» заменит чужие значения вашими.',
  },
  delete: {
    title: 'Удалить?', one: 'Будет удалено: «{{title}}».', many_one: '{{label}}: будет удалена {{count}} запись.', many_few: '{{label}}: будут удалены {{count}} записи.',
    many_many: '{{label}}: будет удалено {{count}} записей.', many_other: '{{label}}: будет удалено {{count}} записи.', along: 'Вместе с этим удалятся:',
    none: 'Удалить нельзя.', some_one: '{{count}} запись удалить нельзя, она останется.', some_few: '{{count}} записи удалить нельзя, они останутся.',
    some_many: '{{count}} записей удалить нельзя, они останутся.', some_other: '{{count}} записи удалить нельзя, они останутся.', blocked: 'Мешает:',
    done_one: 'Удалена {{count}} запись', done_few: 'Удалены {{count}} записи', done_many: 'Удалено {{count}} записей', done_other: 'Удалено {{count}} записи',
  },
  guard: { title: 'Уйти, не сохранив?', text: 'Изменения на этой странице пропадут.', leave: 'Уйти', stay: 'Остаться' },
  settings: {
    title: 'Настройки', profile: 'Профиль', password: 'Пароль', tokens: 'Токены API', name: 'Имя', differ: 'Пароли не совпадают', password_done: 'Пароль изменён',
    password_old: 'Текущий пароль', password_new: 'Новый пароль', password_again: 'Новый пароль ещё раз',
    tokens_text: 'С токеном программа действует от вашего имени и с вашими правами. Заведите отдельный токен для каждой программы и отзывайте ненужные.',
    token_once: 'Скопируйте токен сейчас: больше он не будет показан.', copy: 'Скопировать', token_name: 'Для чего', token_days: 'Срок действия', token_create: 'Создать токен', no_tokens: 'Токенов пока нет',
    created: 'Создан', expires: 'Действует до', used: 'Использован', never: 'не использовался', no_end: 'бессрочно', revoke: 'Отозвать', revoke_ask: 'Отозвать «{{name}}»? Программы с этим токеном перестанут работать.',
    days_one: '{{count}} день', days_few: '{{count}} дня', days_many: '{{count}} дней', days_other: '{{count}} дня',
  },
};
