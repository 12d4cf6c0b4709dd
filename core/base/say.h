/* say: the sentences that users read, in every language of the platform.
 *
 * One row a sentence: its name, English, Russian. Arguments are texts only (%s, or %1$s when the order differs); one of %w is a word of SAY_WORDS. Languages
 * are numbers in the order of enum lang of meta/section.h. Who knows the language says err_say; what knows no user (readers, the connection, the checker of
 * expressions) says err_tell, and the answer chooses. Texts of configurations (labels, messages) are not here: they travel in the definitions. */
#ifndef OST_BASE_SAY_H
#define OST_BASE_SAY_H

#include "base/err.h"

#define SAY_TEXTS(X)                                                                                                                       \
	X(NOT_FOUND, "There is no such record", "Такой записи нет")                                                                            \
	X(NO_SECTION, "There is no section '%s'", "Раздела «%s» нет")                                                                          \
	X(NO_RESOURCE, "There is nothing at this address", "По этому адресу ничего нет")                                                       \
	X(METHOD, "This address does not take %s", "Этот адрес не принимает %s")                                                               \
	X(EVENTS_MANY, "At most %s records can be watched at once", "Следить можно не более чем за %s записями сразу")                         \
	X(EVENTS_SECTIONS, "At most %s sections can be watched at once", "Следить можно не более чем за %s разделами сразу")                   \
	X(EVENTS_IDS, "Ids of records joined by commas are expected", "Нужны номера записей через запятую")                                    \
	X(EVENTS_FULL, "Too many pages are open; this one will not change by itself",                                                          \
	  "Открыто слишком много страниц, эта не обновляется сама")                                                                            \
	X(SEND_JSON, "Send JSON (Content-Type: application/json)", "Отправьте JSON (Content-Type: application/json)")                          \
	X(BAD_KEY, "The Idempotency-Key has 1 to 200 characters", "Idempotency-Key: от 1 до 200 знаков")                                       \
	X(NO_IMPORT, "There is no such import", "Такого импорта нет")                                                                          \
	X(IMPORT_AT_WORK, "The import is at work already", "Импорт уже идёт")                                                                  \
	X(IMPORT_BIG, "The file is larger than 200 MB", "Файл больше 200 МБ")                                                                  \
	X(IMPORT_GONE, "The section or mapping of the import is gone", "Раздела или схемы этого импорта больше нет")                           \
	X(IMPORT_HEADLESS, "The file has no row that could name its columns", "В файле нет строки с названиями столбцов")                      \
	X(IMPORT_OPTION, "%1$s: %2$s is expected", "%1$s: нужно %2$s")                                                                         \
	X(IMPORT_BUSY, "The file is still being read; try again in a moment", "Файл ещё читается, повторите через минуту")                     \
	X(IMPORT_KEY, "No column of the file gives the key '%s'", "Ни один столбец файла не даёт ключ «%s»")                                   \
	X(IMPORT_COLUMNLESS, "No column of the file goes to a field of \"%s\"", "Ни один столбец файла не попадает в поля раздела «%s»")       \
	X(IMPORT_NO_ID, "There is no record with the id %s", "Нет записи с кодом %s")                                                          \
	X(IMPORT_CELL, "%1$s, not '%2$s'", "%1$s, а не «%2$s»")                                                                                \
	X(IMPORT_LOOKUP, "%1$s: there is no '%2$s'", "%1$s: нет записи «%2$s»")                                                                \
	X(IMPORT_AMBIGUOUS, "%1$s: '%2$s' is there more than once", "%1$s: «%2$s» встречается несколько раз")                                  \
	X(IMPORT_CUT, "%1$s: a cell of a sheet holds %2$s characters, so this text may be cut off; import it from CSV",                        \
	  "%1$s: ячейка листа вмещает %2$s знаков, текст может быть обрезан; импортируйте его из CSV")                                         \
	X(LINES_TWICE, "%s: either all lines or those that change, not both", "%s: либо все строки, либо только изменённые, не то и другое")   \
	X(LINES_MANY, "%1$s: of more than %2$s lines send those that change (%3$s@delta), not the whole list",                                 \
	  "%1$s: если строк больше %2$s, передавайте только изменённые (%3$s@delta), а не весь список")                                        \
	X(IMPORT_WIDE, "The row has %1$s cells, the heading %2$s", "В строке %1$s ячеек, в заголовке %2$s")                                    \
	X(BAD_FILTER, "The condition does not fit: %s", "Условие не подходит: %s")                                                             \
	X(STALE, "Somebody changed the record meanwhile", "Запись тем временем изменили")                                                      \
	X(NO_CREATE, "You may not create records here: %s", "У вас нет права создавать здесь записи: %s")                                      \
	X(NO_UPDATE, "You may not change this record", "У вас нет права изменять эту запись")                                                  \
	X(NO_UPDATE_AFTER, "You may not leave the record in this state", "У вас нет права оставить запись в таком состоянии")                  \
	X(NO_DELETE, "You may not delete this record", "У вас нет права удалить эту запись")                                                   \
	X(NO_MOVE, "This move is not yours to make: %s", "Вам нельзя выполнить этот переход: %s")                                              \
	X(UNKNOWN_FIELD, "Unknown field '%s'", "Неизвестное поле «%s»")                                                                        \
	X(NOT_WRITABLE, "%s cannot be changed", "Поле «%s» нельзя изменить")                                                                   \
	X(FIELD_NOT_YOURS, "You may not change this field: %s", "У вас нет права изменять поле «%s»")                                          \
	X(READONLY, "%s is read-only", "Поле «%s» только для чтения")                                                                          \
	X(STAGE_BY_MOVE, "The stage changes by moves only", "Стадия меняется только переходами")                                               \
	X(FROZEN, "The record is frozen at the stage '%s'", "На стадии «%s» запись нельзя изменять")                                           \
	X(REQUIRED, "%s is required", "Заполните поле «%s»")                                                                                   \
	X(CHECK, "%s: the value is not allowed", "%s: недопустимое значение")                                                                  \
	X(CHECK_RECORD, "The record does not hold together", "Запись не проходит проверку")                                                    \
	X(MIN, "%1$s is less than %2$s", "%1$s: меньше %2$s")                                                                                  \
	X(MAX, "%1$s is more than %2$s", "%1$s: больше %2$s")                                                                                  \
	X(TOO_LONG, "%1$s is longer than %2$s characters", "%1$s: длиннее %2$s знаков")                                                        \
	X(TOO_BIG, "%s: the number has too many digits", "%s: слишком много цифр")                                                             \
	X(TOO_MANY_VALUES, "%1$s: more than %2$s values", "%1$s: больше %2$s значений")                                                        \
	X(BAD_INTEGER, "%s: a whole number is expected", "%s: нужно целое число")                                                              \
	X(BAD_NUMBER, "%s: a number is expected", "%s: нужно число")                                                                           \
	X(BAD_BOOLEAN, "%s: true or false is expected", "%s: нужно «да» или «нет»")                                                            \
	X(BAD_DATE, "%s: a date is expected (2026-05-01)", "%s: нужна дата (2026-05-01)")                                                      \
	X(BAD_TIME, "%s: a time with its offset is expected (2026-05-01T10:00:00Z)", "%s: нужны дата и время (2026-05-01T10:00:00Z)")          \
	X(BAD_DURATION, "%s: a duration is expected (PT1H30M)", "%s: нужна длительность (PT1H30M)")                                            \
	X(BAD_TEXT, "%s: a text is expected", "%s: нужен текст")                                                                               \
	X(BAD_CHOICE, "%1$s: there is no choice '%2$s'", "%1$s: нет варианта «%2$s»")                                                          \
	X(BAD_LOOKUP, "%s: there is no such record", "%s: такой записи нет")                                                                   \
	X(BAD_LIST, "%s: a list is expected", "%s: нужен список")                                                                              \
	X(BAD_EMAIL, "%s: this is no e-mail address", "%s: это не адрес электронной почты")                                                    \
	X(BAD_PHONE, "%s: this is no phone number", "%s: это не номер телефона")                                                               \
	X(BAD_URL, "%s: this is no web address", "%s: это не веб-адрес")                                                                       \
	X(LOOKUP_WHERE, "%s: this record cannot be chosen here", "%s: эту запись здесь выбрать нельзя")                                        \
	X(BAD_FILE, "%s: there is no such upload of yours", "%s: такого вашего файла нет")                                                     \
	X(NOT_UNIQUE, "%s: the value is taken", "%s: такое значение уже есть")                                                                 \
	X(NOT_UNIQUE_SET, "There is already a record with the same %s", "Уже есть запись с таким же сочетанием: %s")                           \
	X(IN_USE, "Other records refer to this one", "На эту запись ссылаются другие")                                                         \
	X(IN_USE_BY, "Other records refer to this one: %s", "На эту запись ссылаются: %s")                                                     \
	X(IN_USE_LOOKUP, "%s: the record is gone", "%s: записи уже нет")                                                                       \
	X(TOO_MANY_RECORDS, "More than %s records in one write", "Больше %s записей за один раз")                                              \
	X(DELETE_DEPTH, "What goes along with it goes more than %s levels deep: delete from the other end",                                    \
	  "Вместе с записью удаляется больше %s уровней подчинённых: начните удалять с другого конца")                                         \
	X(PATH, "With these data the record belongs to another path, which has no stage '%s'",                                                 \
	  "С такими данными запись идёт другим путём, а на нём нет стадии «%s»")                                                               \
	X(BEING_WRITTEN, "The record is being written already", "Запись уже записывается")                                                     \
	X(NO_LINE, "There is no such line", "Такой строки нет")                                                                                \
	X(LINE_TWICE, "This line is named twice", "Эта строка названа дважды")                                                                 \
	X(NO_STAGE, "There is no stage '%s'", "Нет стадии «%s»")                                                                               \
	X(UNKNOWN_MOVE, "There is no move '%s'", "Нет перехода «%s»")                                                                          \
	X(MOVE_FROM, "'%1$s' is not possible from the stage '%2$s'", "Переход «%1$s» невозможен со стадии «%2$s»")                             \
	X(MOVE_WHEN, "'%s' is not possible now", "Переход «%s» сейчас невозможен")                                                             \
	X(MOVE_COMMENT, "Say why: a comment is required", "Поясните: нужен комментарий")                                                       \
	X(TASKS_OPEN, "To be ticked in the checklist first: %s", "Сначала отметьте в списке дел: %s")                                          \
	X(NO_TASK, "There is no such task", "Такого дела нет")                                                                                 \
	X(NO_TICK, "'%s' is not yours to tick", "Отметить «%s» может другой")                                                                  \
	X(TASK_DONE, "'%s' is ticked already", "«%s» уже отмечено")                                                                            \
	X(TASK_DONE_BY, "'%1$s' is ticked already, by %2$s", "«%1$s» уже отмечено: %2$s")                                                      \
	X(TASK_OPEN, "'%s' is not ticked", "«%s» не отмечено")                                                                                 \
	X(TASK_LEFT, "'%1$s' belongs to the stage '%2$s', which the record has left", "«%1$s» относится к стадии «%2$s», а запись с неё ушла") \
	X(STAGE_REQUIRED, "%1$s is required at the stage '%2$s'", "Поле «%1$s» обязательно на стадии «%2$s»")                                  \
	X(RELOAD, "The configuration has just changed; try again", "Конфигурация только что изменилась; повторите")                            \
	X(REFUSED, "Refused", "Отказано")                                                                                                      \
	X(HOOK_FAILED, "A script of the configuration failed", "Сценарий конфигурации не выполнился")                                          \
	X(HOOK_LIMIT, "A script of the configuration went over its budget", "Сценарий конфигурации превысил свой предел")                      \
	X(HOOK_DEPTH, "Hooks call each other too deep", "Сценарии вызывают друг друга слишком глубоко")                                        \
	X(INVALID, "The record cannot be saved", "Запись нельзя сохранить")                                                                    \
	X(KEY_REUSED, "The idempotency key belongs to another request", "Ключ идемпотентности принадлежит другому запросу")                    \
	X(BAD_CREDENTIALS, "Login or password is wrong", "Неверное имя или пароль")                                                            \
	X(TOO_MANY_ATTEMPTS, "Too many attempts; wait a little", "Слишком много попыток; подождите немного")                                   \
	X(CSRF, "The request did not come from the application's own page. Reload the page and try again",                                     \
	  "Запрос пришёл не со страницы приложения. Обновите страницу и повторите")                                                            \
	X(SIGN_IN, "Sign in first", "Сначала войдите")                                                                                         \
	X(OLD_PASSWORD, "The old password is wrong", "Старый пароль неверен")                                                                  \
	X(PASSWORD_LENGTH, "A password has 8 to 200 characters", "В пароле от 8 до 200 знаков")                                                \
	X(SEARCH_LONG, "At most 200 characters are searched for", "Для поиска: не больше 200 знаков")                                          \
	X(YES, "Yes", "Да")                                                                                                                    \
	X(NO, "No", "Нет")                                                                                                                     \
	X(EXPORT_KIND, "A list is exported as .xlsx or .csv", "Список выгружается как .xlsx или .csv")                                         \
	X(EXPORT_OPTIONS, "An export takes columns, $filter, $orderby, $search and $ostov.list",                                               \
	  "Выгрузка принимает columns, $filter, $orderby, $search и $ostov.list")                                                              \
	X(EXPORT_COLUMNS, "An export has 1 to %s columns", "В выгрузке от 1 до %s столбцов")                                                   \
	X(EXPORT_ROWS, "More than %s rows: narrow the list", "Больше %s строк: сузьте список")                                                 \
	X(EXPORT_BUSY, "Too many exports are running; try again soon", "Сейчас идёт слишком много выгрузок; повторите чуть позже")             \
	X(NO_FILE, "There is no such file", "Такого файла нет")                                                                                \
	X(EMPTY_FILE, "The file is empty", "Файл пуст")                                                                                        \
	X(BAD_FILE_NAME, "X-File-Name cannot be read", "X-File-Name не читается")                                                              \
	X(NO_SETTING, "Nothing is kept under this name", "Под этим именем ничего не сохранено")                                                \
	X(SETTING_SIZE, "A setting has at most 64 KB", "Настройка занимает не больше 64 КБ")                                                   \
	X(SETTING_COUNT, "Too many settings are kept already", "Сохранено слишком много настроек")                                             \
	X(IDS, "'ids' is a list of 1 to %s record numbers", "«ids»: список от 1 до %s номеров записей")                                        \
	X(OTHER_RECORDS, "Other records", "Другие записи")                                                                                     \
	X(BULK_VALUES, "'values' is expected", "Нужны значения («values»)")                                                                    \
	X(BULK_ACTION, "'action' is update, delete or move", "«action»: update, delete или move")                                              \
	X(CURRENCY, "%s: amounts of different currencies do not mix", "%s: суммы в разных валютах не смешиваются")                             \
	X(DID_YOU_MEAN, "did you mean '%s'?", "возможно, «%s»")                                                                                \
	X(INTERNAL, "Something went wrong on the server. The id finds it in the log.",                                                         \
	  "Ошибка на сервере. Её можно найти в журнале по номеру.")                                                                            \
	X(IMPORT_ROW, "Row", "Строка")                                                                                                         \
	X(IMPORT_COLUMN, "Column", "Столбец")                                                                                                  \
	X(REASON, "Reason", "Причина")                                                                                                         \
	X(NO_CONFIGURATION, "No configuration was applied yet", "Конфигурация ещё не применена")                                               \
	X(BROKEN_CONFIGURATION, "The configuration in force cannot be loaded by this server",                                                  \
	  "Сервер не может загрузить действующую конфигурацию")                                                                                \
	X(METRICS, "Metrics are given to this machine or for a token", "Показатели доступны с этой машины или по токену")                      \
	X(NO_WEB, "No web application is built into this server", "В этот сервер не встроено веб-приложение")                                  \
	X(GET_ONLY, "This address takes only GET", "Этот адрес принимает только GET")                                                          \
	X(CLIENT_GONE, "The client is gone", "Клиент отключился")                                                                              \
	X(HOST, "This server does not answer for that host", "Этот сервер не отвечает за такое имя узла")                                      \
	X(BODY_SIZE, "The body is larger than %s bytes", "Тело запроса больше %s байт")                                                        \
	X(HTTP_VERSION, "This version of HTTP is not spoken here", "Эта версия HTTP не поддерживается")                                        \
	X(HTTP_HEADER, "A header has a control character", "В заголовке запроса управляющий символ")                                           \
	X(HTTP_BROKEN, "The request is no proper HTTP", "Запрос составлен не по правилам HTTP")                                                \
	X(HTTP_LINES, "The head of the request can be read in two ways", "Начало запроса можно прочитать по-разному")                          \
	X(HTTP_SLOW, "The request took too long to arrive", "Запрос передавался слишком долго")                                                \
	X(HTTP_HEADERS_SIZE, "The headers of the request are too long or too many", "Заголовки запроса слишком длинные, или их слишком много") \
	X(HTTP_HEADERS_HINT, "Delete the cookies of this site and try again", "Удалите файлы cookie этого сайта и повторите")                  \
	X(HTTP_FULL, "The server has all the connections it takes; try again soon",                                                            \
	  "Сервер принял все соединения, какие мог; повторите немного позже")                                                                  \
	X(HTTP_HOST, "The request needs exactly one Host header", "В запросе должен быть ровно один заголовок Host")                           \
	X(HTTP_LENGTH, "The length of the request is ambiguous", "Длина запроса указана неоднозначно")                                         \
	X(HTTP_ENCODING, "Only the chunked transfer encoding is taken", "Из способов передачи принимается только chunked")                     \
	X(HTTP_LENGTH_NUMBER, "Content-Length is not a number", "Content-Length: не число")                                                    \
	X(ADDRESS_LONG, "The address is longer than %s bytes", "Адрес длиннее %s байт")                                                        \
	X(ADDRESS_SLASH, "The address must begin with a slash", "Адрес должен начинаться с косой черты")                                       \
	X(ADDRESS_CONTROL, "The address has a blank or control character", "В адресе пробел или управляющий символ")                           \
	X(PATH_SLASH, "The path has an escaped slash", "В пути закодированная косая черта")                                                    \
	X(PATH_ESCAPE, "The path has a bad escape or bad UTF-8", "Путь закодирован с ошибкой или не в UTF-8")                                  \
	X(PATH_CHARACTER, "The path has a character that is not taken", "В пути недопустимый символ")                                          \
	X(PATH_SEGMENT, "The path has an empty or relative segment", "В пути пустая или относительная часть")                                  \
	X(QUERY_ESCAPE, "The query has a bad escape or bad UTF-8", "Параметры адреса закодированы с ошибкой или не в UTF-8")                   \
	X(BASIC_CLEAR, "A password in the clear is taken over TLS or from this machine only",                                                  \
	  "Открытый пароль принимается только по TLS или с этой же машины")                                                                    \
	X(AUTHORIZATION, "The Authorization header cannot be read", "Заголовок Authorization не читается")                                     \
	X(AUTHORIZATION_KIND, "This kind of Authorization is not known here", "Такой способ входа (Authorization) не поддерживается")          \
	X(TOKEN_READS, "This token may only read", "Этот токен даёт право только на чтение")                                                   \
	X(TOKEN_INVALID, "The token is not valid", "Токен недействителен")                                                                     \
	X(TOKEN_NAME, "A token needs a name of at most 200 bytes", "Назовите токен: не длиннее 200 байт")                                      \
	X(TOKEN_DAYS, "A token lives 1 to 3650 days", "Токен действует от 1 до 3650 дней")                                                     \
	X(NO_TOKEN, "There is no such token", "Такого токена нет")                                                                             \
	X(TOKENS_OWN, "Tokens are made by their signed-in owner", "Токены создаёт сам пользователь, войдя с паролем")                          \
	X(PASSWORD_OWN, "A password is changed by its signed-in owner", "Пароль меняет сам пользователь, войдя с паролем")                     \
	X(SIGN_IN_BUSY, "Too many people sign in at this moment; try again", "Сейчас входит слишком много людей; повторите")                   \
	X(SIGN_IN_LATER, "Too many attempts to sign in. Wait a few minutes and try again",                                                     \
	  "Слишком много попыток входа. Подождите несколько минут и повторите")                                                                \
	X(USER_OFF, "the user is switched off", "Пользователь отключён")                                                                       \
	X(NO_USER, "There is no such user", "Такого пользователя нет")                                                                         \
	X(BODY_OBJECT, "The body is not a JSON object", "Тело запроса не объект JSON")                                                         \
	X(MUST_BE_OBJECT, "The body must be a JSON object", "Тело запроса должно быть объектом JSON")                                          \
	X(MUST_BE_TEXT, "'%s' must be a text", "«%s»: нужен текст")                                                                            \
	X(NOTHING_TO_CHANGE, "There is no '%s' to change here", "Менять «%s» здесь нельзя")                                                    \
	X(SETTING_VALUE, "'%s' does not take this value", "«%s»: такое значение не подходит")                                                  \
	X(BODY_UTF8, "The body is not valid UTF-8", "Тело запроса не в UTF-8")                                                                 \
	X(JSON_ESCAPE_END, "The body is no valid JSON: an escape ends too early at byte %s",                                                   \
	  "Тело запроса не JSON: код символа оборван, байт %s")                                                                                \
	X(JSON_ESCAPE, "The body is no valid JSON: a bad escape at byte %s", "Тело запроса не JSON: неверный код символа, байт %s")            \
	X(JSON_TEXT_END, "The body is no valid JSON: a text without an end at byte %s",                                                        \
	  "Тело запроса не JSON: текст не закрыт кавычкой, байт %s")                                                                           \
	X(JSON_SURROGATE, "The body is no valid JSON: half a surrogate pair at byte %s",                                                       \
	  "Тело запроса не JSON: половина суррогатной пары, байт %s")                                                                          \
	X(JSON_NUL, "The body is no valid JSON: a NUL at byte %s", "Тело запроса не JSON: нулевой символ, байт %s")                            \
	X(JSON_CONTROL, "The body is no valid JSON: a control character in a text at byte %s",                                                 \
	  "Тело запроса не JSON: управляющий символ в тексте, байт %s")                                                                        \
	X(JSON_NUMBER, "The body is no valid JSON: a bad number at byte %s", "Тело запроса не JSON: неверное число, байт %s")                  \
	X(JSON_DIGITS, "The body is no valid JSON: a number with too many digits at byte %s",                                                  \
	  "Тело запроса не принято: в числе слишком много цифр, байт %s")                                                                      \
	X(JSON_DEPTH, "The body is no valid JSON: nested too deep at byte %s",                                                                 \
	  "Тело запроса не принято: слишком глубокая вложенность, байт %s")                                                                    \
	X(JSON_NAME, "The body is no valid JSON: a name is expected at byte %s", "Тело запроса не JSON: нужно имя, байт %s")                   \
	X(JSON_TWICE, "The body is no valid JSON: a name that is there twice at byte %s", "Тело запроса не JSON: имя повторяется, байт %s")    \
	X(JSON_COLON, "The body is no valid JSON: a colon is expected at byte %s", "Тело запроса не JSON: нужно двоеточие, байт %s")           \
	X(JSON_BRACE, "The body is no valid JSON: a comma or brace is expected at byte %s",                                                    \
	  "Тело запроса не JSON: нужна запятая или фигурная скобка, байт %s")                                                                  \
	X(JSON_BRACKET, "The body is no valid JSON: a comma or bracket is expected at byte %s",                                                \
	  "Тело запроса не JSON: нужна запятая или квадратная скобка, байт %s")                                                                \
	X(JSON_VALUES, "The body is no valid JSON: too many values at byte %s", "Тело запроса не принято: слишком много значений, байт %s")    \
	X(JSON_END, "The body is no valid JSON: it ends too early at byte %s", "Тело запроса не JSON: оно оборвано, байт %s")                  \
	X(JSON_VALUE, "The body is no valid JSON: a value is expected at byte %s", "Тело запроса не JSON: нужно значение, байт %s")            \
	X(JSON_BEHIND, "The body is no valid JSON: something behind the value at byte %s",                                                     \
	  "Тело запроса не JSON: после значения что-то ещё, байт %s")                                                                          \
	X(FILTER_EXPECTED, "$filter: '%s' is expected here", "Условие отбора ($filter): здесь нужно «%s»")                                     \
	X(FILTER_QUOTE, "$filter: a text has no closing quote", "Условие отбора ($filter): текст не закрыт кавычкой")                          \
	X(FILTER_NUMBER, "$filter: this is no number, date or time", "Условие отбора ($filter): это не число, не дата и не время")             \
	X(FILTER_NESTED, "$filter: any and all within any and all are not executed",                                                           \
	  "Условие отбора ($filter): any и all внутри any и all не выполняются")                                                               \
	X(FILTER_LINES, "$filter: any and all need details or several lookups before them",                                                    \
	  "Условие отбора ($filter): перед any и all должны стоять строки записи или поле с несколькими ссылками")                             \
	X(FILTER_VARIABLE, "$filter: a variable is expected", "Условие отбора ($filter): нужна переменная")                                    \
	X(FILTER_VARIABLE_ALONE, "$filter: a variable alone is not executed; name a property of it",                                           \
	  "Условие отбора ($filter): одной переменной мало, назовите её поле")                                                                 \
	X(FILTER_PROPERTY, "$filter: a property is expected", "Условие отбора ($filter): нужно поле")                                          \
	X(FILTER_PATH, "$filter: the path is too long", "Условие отбора ($filter): слишком длинный путь через ссылки")                         \
	X(FILTER_FUNCTION_LATER, "$filter: the function '%s' is not executed by this server",                                                  \
	  "Условие отбора ($filter): функцию «%s» этот сервер не выполняет")                                                                   \
	X(FILTER_FUNCTION, "$filter: there is no function '%s'", "Условие отбора ($filter): функции «%s» нет")                                 \
	X(FILTER_END, "$filter: the expression ends too early", "Условие отбора ($filter): условие оборвано")                                  \
	X(FILTER_VALUE, "$filter: a value is expected", "Условие отбора ($filter): нужно значение")                                            \
	X(FILTER_DURATION, "$filter: this is no duration", "Условие отбора ($filter): это не длительность")                                    \
	X(FILTER_DEPTH, "$filter: the expression is nested too deep", "Условие отбора ($filter): слишком глубокая вложенность")                \
	X(FILTER_OPERATOR, "$filter: '%s' is not executed by this server", "Условие отбора ($filter): «%s» этот сервер не выполняет")          \
	X(FILTER_LIST, "$filter: the list of 'in' is too long", "Условие отбора ($filter): слишком длинный список после in")                   \
	X(FILTER_LONG, "$filter: the expression is too long", "Условие отбора ($filter): условие слишком длинное")                             \
	X(FILTER_REST, "$filter: '%s' is not understood", "Условие отбора ($filter): непонятно «%s»")                                          \
	X(BAD_PATH, "'%s' is no path of properties", "«%s»: это не путь через поля")                                                           \
	X(ADDRESS_LATER, "'%s' in an address is not executed by this server", "«%s» в адресе этот сервер не выполняет")                        \
	X(SEARCH_LATER, "$search: %s is not executed by this server; in quotes it is a word like others",                                      \
	  "$search: %s этот сервер не выполняет, в кавычках это обычное слово")                                                                \
	X(SEARCH_WORDS, "$search: at most %s words", "$search: не больше %s слов")                                                             \
	X(ORDER_DIRECTION, "$orderby: '%s' is neither asc nor desc", "$orderby: «%s» — это не asc и не desc")                                  \
	X(OPTION_NUMBER, "%s: a whole number from 0 is expected", "%s: нужно целое число от 0")                                                \
	X(OPTION_MAX, "%1$s: at most %2$s", "%1$s: не больше %2$s")                                                                            \
	X(OPTION_PROPERTY, "%s: a property is expected", "%s: нужно поле")                                                                     \
	X(OPTION_PAIR, "%s: an option is written as $name=value", "%s: параметр пишется как $имя=значение")                                    \
	X(OPTION_NAVIGATION, "%s: a navigation is expected", "%s: нужна ссылка или строки записи")                                             \
	X(OPTION_PARENTHESIS, "%s: a parenthesis is not closed", "%s: скобка не закрыта")                                                      \
	X(OPTION_LONG, "%s: the text is too long", "%s: текст слишком длинный")                                                                \
	X(OPTION_BOOLEAN, "%s: true or false is expected", "%s: нужно true или false")                                                         \
	X(OPTION_LIST, "%s: there is no such list", "%s: такого списка нет")                                                                   \
	X(OPTION_TWICE, "%s: is there twice", "%s: указано дважды")                                                                            \
	X(OPTION_SINGLE, "%s: not within the expansion of a single record", "%s: внутри одной записи не выполняется")                          \
	X(OPTION_EXPAND, "%s: not executed within $expand", "%s: внутри $expand не выполняется")                                               \
	X(OPTION_LATER, "%s is not executed by this server", "Параметр %s этот сервер не выполняет")                                           \
	X(OPTION_UNKNOWN, "There is no option '%s'", "Параметра «%s» нет")                                                                     \
	X(OPTION_ALIAS, "Parameter aliases (%s) are not executed by this server", "Псевдонимы параметров (%s) этот сервер не выполняет")       \
	X(OPTION_COUNT, "There are too many options", "Слишком много параметров")                                                              \
	X(ORDER_PATHS, "$orderby: '%s' is not executed, only properties and paths are",                                                        \
	  "$orderby: «%s» не выполняется, порядок задаётся только полями и путями через ссылки")                                               \
	X(TASK_OPTIONS, "The tasks of a record take no options", "Для списка дел записи параметры не выполняются")                             \
	X(EXPAND_LATER, "$expand: '%s' is not executed by this server", "$expand: «%s» этот сервер не выполняет")                              \
	X(EXPAND_ONE, "$expand: '%s' is not executed: name one navigation, deeper ones go into its parentheses",                               \
	  "$expand: «%s» не выполняется, назовите одну ссылку, следующие пишутся в её скобках")                                                \
	X(ONLY_JSON, "Only JSON is written", "Ответы бывают только в JSON")                                                                    \
	X(FORMAT_KINDS, "The model is written as XML or JSON", "Описание модели бывает в XML или JSON")                                        \
	X(ODATA_VERSION, "OData %s is not spoken here, only 4.0 and 4.01", "Версия протокола %s здесь не поддерживается, только 4.0 и 4.01")   \
	X(DEEP_INSERT, "%s: a record within another is not written by this server; write the id of one that is there",                         \
	  "%s: запись внутри другой этот сервер не создаёт и не меняет, передайте номер существующей")                                         \
	X(BAD_TYPE, "%1$s: '%2$s' is not the type of this record", "%1$s: «%2$s» — не тип этой записи")                                        \
	X(THERE_ALREADY, "The record is there, and If-None-Match asks that it is not",                                                         \
	  "Запись есть, а If-None-Match требует, чтобы её не было")                                                                            \
	X(NO_BATCH, "$batch is not executed by this server", "Пакеты запросов ($batch) этот сервер не выполняет")                              \
	X(ONE_TAKES, "One record takes only $select and $expand", "Для одной записи возможны только $select и $expand")                        \
	X(PART_TAKES, "$count, $skip and a position are not executed here; one record takes only $select and $expand",                         \
	  "Здесь $count, $skip и продолжение не выполняются; для одной записи возможны только $select и $expand")                              \
	X(MOVE_POST, "A move is made with POST", "Переход выполняется запросом POST")                                                          \
	X(TOO_MUCH_EXPANDED, "Too much is expanded in one request", "Слишком много вложенных данных в одном запросе")                          \
	X(ORDER_COUNT, "A list is ordered by at most %s fields", "Список упорядочивается не более чем по %s полям")                            \
	X(ORDER_FIELD, "A list cannot be ordered by '%s'", "По полю «%s» список не упорядочить")                                               \
	X(PATH_FIELD, "'%s' cannot stand in a column beyond a lookup", "Поле «%s» не выгрузить столбцом через ссылку")                         \
	X(ORDER_EMPTY, "An order without a field", "Порядок без поля")                                                                         \
	X(SKIPTOKEN, "The position of the page cannot be read", "Место в списке из адреса не читается")                                        \
	X(NO_LIST, "There is no list '%s'", "Списка «%s» нет")                                                                                 \
	X(UPLOAD_ROOM, "There is no room for the upload now", "Сейчас нет места для загрузки файла")                                           \
	X(KEY_LENGTH, "An Idempotency-Key has at most %s characters", "Idempotency-Key: не больше %s знаков")                                  \
	X(KEY_UNDONE, "The other request with this key has just been undone", "Другой запрос с этим ключом только что отменён; повторите")     \
	X(TOO_NESTED, "Too many pieces of work in one another", "Слишком много вложенных действий")                                            \
	X(NO_HOOKS, "This process does not run scripts", "Здесь сценарии не выполняются")                                                      \
	X(HOOK_BUSY, "There is no memory for a script now; try again", "Сейчас не хватает памяти для сценария; повторите")                     \
	X(HOOK_PLACE, "%1$s: hook '%2$s' of %3$s: %4$s", "%1$s: сценарий «%2$s» для %3$s: %4$s")                                               \
	X(HOOK_PLACE_LIMIT, "%1$s: hook '%2$s' of %3$s went over its budget of %4$w", "%1$s: сценарий «%2$s» для %3$s превысил предел: %4$w")  \
	X(CSV_QUOTE, "The quote that opens in line %s is never closed", "Кавычка, открытая в строке %s, нигде не закрыта")                     \
	X(CSV_COLUMNS, "Line %1$s has more than %2$s columns", "В строке %1$s больше %2$s столбцов")                                           \
	X(CSV_CELL, "Line %s has a cell over 1 MB", "В строке %s ячейка больше 1 МБ")                                                          \
	X(FILE_UTF8, "The file is not valid UTF-8", "Файл не в кодировке UTF-8")                                                               \
	X(FILE_ENCODING, "The file is not in the encoding %1$s (byte %2$s)", "Файл не в кодировке %1$s (байт %2$s)")                           \
	X(NO_ENCODING, "There is no encoding '%s'", "Кодировки «%s» нет")                                                                      \
	X(XLSX_PART, "The workbook cannot be read: a part is missing", "Книга не читается: в ней не хватает части")                            \
	X(XLSX_UNPACKS, "The workbook cannot be read: it unpacks to more than an honest file does",                                            \
	  "Книга не читается: распакованная, она больше, чем бывает у настоящих файлов")                                                       \
	X(XLSX_BROKEN, "The workbook cannot be read: a part is broken", "Книга не читается: её часть повреждена")                              \
	X(XLSX_DOCTYPE, "The workbook cannot be read: it has a document type", "Книга не читается: в ней описание типа документа")             \
	X(XLSX_XML, "The workbook cannot be read: a part is no valid XML", "Книга не читается: её часть не XML")                               \
	X(XLSX_TEXTS, "The workbook cannot be read: it has too many texts", "Книга не читается: в ней слишком много текстов")                  \
	X(XLSX_NO_SHEET, "The workbook cannot be read: there is no such sheet", "Книга не читается: такого листа нет")                         \
	X(XLSX_SHEETLESS, "The workbook cannot be read: it has no sheet", "Книга не читается: в ней нет листов")                               \
	X(XLSX_SHEET_PART, "The workbook cannot be read: the sheet's part is missing", "Книга не читается: содержимого листа нет")             \
	X(XLSX_ZIP, "The workbook cannot be read: it is no zip archive", "Книга не читается: это не архив zip")                                \
	X(XLSX_COLUMNS, "The workbook cannot be read: a row has too many columns", "Книга не читается: в строке слишком много столбцов")       \
	X(XLSX_ORDER, "The workbook cannot be read: the cells of a row are out of order",                                                      \
	  "Книга не читается: ячейки строки идут не по порядку")                                                                               \
	X(XLSX_CELL, "The workbook cannot be read: a cell is over 1 MB", "Книга не читается: ячейка больше 1 МБ")                              \
	X(XLSX_NO_TEXT, "The workbook cannot be read: a cell names a text that is not there",                                                  \
	  "Книга не читается: ячейка ссылается на текст, которого нет")                                                                        \
	X(CANCELLED, "cancelled", "отменено")                                                                                                  \
	X(DB_TAKEN, "the value is taken", "Такое значение уже есть")                                                                           \
	X(DB_NO_TARGET, "the record referred to does not exist", "Записи, на которую указывает ссылка, нет")                                   \
	X(DB_IN_USE, "other records refer to it", "На неё ссылаются другие записи")                                                            \
	X(DB_MISSING, "a value is missing", "Не хватает значения")                                                                             \
	X(DB_CHECK, "a check fails", "Запись не проходит проверку")                                                                            \
	X(DB_RANGE, "a value is out of range or malformed", "Значение неверно или слишком велико")                                             \
	X(DB_INDEX, "a text is too long for the index of its field", "Текст слишком длинный: поле с индексом вмещает меньше")                  \
	X(DB_BUSY, "another transaction was in the way", "Помешало чужое изменение; повторите")                                                \
	X(DB_SLOW, "the statement took too long", "Запрос выполнялся слишком долго")                                                           \
	X(DB_CHANGED, "the tables changed meanwhile", "Таблицы тем временем изменились; повторите")                                            \
	X(DB_AWAY, "the database is not available", "База данных недоступна; повторите чуть позже")                                            \
	X(DB_FULL, "The disk of the database is nearly full: nothing is saved until there is room",                                            \
	  "Место на диске базы данных почти кончилось: пока его не освободят, ничего не сохраняется")                                          \
	X(DB_ROOM, "the database has no room", "В базе данных нет места")                                                                      \
	X(DB_READONLY, "the database takes no writes now", "База данных сейчас не принимает записей")                                          \
	X(DB_LOST, "the connection to the database was lost", "Связь с базой данных прервалась")                                               \
	X(DB_EARLIER, "an earlier statement failed", "Предыдущий запрос не выполнился")                                                        \
	X(DB_OUTCOME, "the connection to the database was lost while the change was being stored",                                             \
	  "Связь с базой данных прервалась, пока сохранялось изменение: проверьте, сохранилось ли оно")                                        \
	X(DB_NESTED, "more than %s units of work in one another", "Больше %s вложенных действий")                                              \
	X(DB_VALUES, "more than %s values in one statement", "Больше %s значений в одном запросе")                                             \
	X(DB_LANE_READ, "all connections for reading are busy", "Все соединения для чтения заняты; повторите чуть позже")                      \
	X(DB_LANE_SLOW, "all connections for long reading are busy", "Все соединения для долгого чтения заняты; повторите чуть позже")         \
	X(DB_LANE_WRITE, "all connections for writing are busy", "Все соединения для записи заняты; повторите чуть позже")                     \
	X(DB_LANE_OPERATOR, "all connections for the operator are busy", "Все соединения для администратора заняты; повторите чуть позже")     \
	X(DB_UNREACHED, "the database cannot be reached: %s", "База данных недоступна; повторите чуть позже")                                  \
	X(EXPR_CIRCLE, "the formula '%s' goes round in a circle or is nested too deeply",                                                      \
	  "Формула «%s» ходит по кругу или слишком глубоко вложена")                                                                           \
	X(EXPR_TREE, "the tree of %s is too deep", "Дерево раздела «%s» слишком глубокое")                                                     \
	X(EXPR_STEPS, "the expression takes too many steps", "Условие требует слишком много шагов")                                            \
	X(EXPR_LARGE, "the expression is too large once its formulas are written out", "Условие вместе с его формулами слишком велико")        \
	X(EXPR_PARTS, "the expression has too many parts: 500 are the limit", "В условии слишком много частей: предел 500")                    \
	X(EXPR_LEVELS, "the expression has too many levels: 32 are the limit", "В условии слишком много уровней: предел 32")                   \
	X(EXPR_OLD, "'old' stands before a field", "«old» стоит перед полем")                                                                  \
	X(EXPR_NOT_HERE, "'%s' is not available here", "«%s» здесь недоступно")                                                                \
	X(EXPR_NO_FIELD, "unknown field '%1$s' of %2$s", "неизвестное поле «%1$s» в «%2$s»")                                                   \
	X(EXPR_NO_NAME, "unknown name '%s'", "неизвестное имя «%s»")                                                                           \
	X(EXPR_OVER_ONE, "%1$s is %2$w, a path goes over one", "%1$s: это %2$w, а путь идёт через одну запись")                                \
	X(EXPR_NO_FIELDS, "%1$s is %2$w and has no fields", "%1$s: это %2$w, полей у него нет")                                                \
	X(EXPR_OLD_LINES, "old.%s is not kept: the lines of before are gone", "old.%s: прежние строки не хранятся")                            \
	X(EXPR_NO_CODE, "\"%s\" is no value of this choice", "«%s»: такого варианта нет")                                                      \
	X(EXPR_NO_DATE, "\"%s\" is no date", "«%s»: это не дата")                                                                              \
	X(EXPR_NO_TIME, "\"%s\" is no datetime", "«%s»: это не дата со временем")                                                              \
	X(EXPR_NO_DURATION, "\"%s\" is no duration", "«%s»: это не длительность")                                                              \
	X(EXPR_CALL_NOT_HERE, "%s is not available here", "«%s» здесь недоступно")                                                             \
	X(EXPR_VALUES, "its values are %s", "возможны: %s")                                                                                    \
	X(EXPR_DATES, "dates are written \"2026-05-01\"", "дата пишется так: 2026-05-01")                                                      \
	X(LEASE_LOST, "the lease of the job was lost: another worker has it, or it was cancelled",                                             \
	  "Задание перешло к другому исполнителю или отменено")                                                                                \
	X(FILE_REMOVED, "the body was removed meanwhile", "Файл тем временем удалили")                                                         \
	X(EXPR_CURRENCY, "%1$s and %2$s may be in different currencies", "%1$s и %2$s могут быть в разных валютах")                            \
	X(EXPR_COMPARE, "%1$s is %2$w, %3$s is %4$w: they do not compare", "%1$s (%2$w) и %3$s (%4$w) нельзя сравнить")                        \
	X(EXPR_NIL_ORDER, "nil is neither more nor less than anything", "Пустое значение не больше и не меньше других")                        \
	X(EXPR_NEVER_NIL, "%1$s is %2$w and never nil", "%1$s: это %2$w, пустым не бывает")                                                    \
	X(EXPR_NO_ORDER, "%w has no order", "%w: больше и меньше тут нет")                                                                     \
	X(EXPR_NIL_SET, "nil stands in no set", "Пустое значение не входит ни в один перечень")                                                \
	X(EXPR_IN_NO_SET, "%1$s is %2$w and stands in no set", "%1$s: это %2$w, в перечень не входит")                                         \
	X(EXPR_NO_SET, "%1$s is %2$w, no set", "%1$s: это %2$w, а не перечень")                                                                \
	X(EXPR_SETS, "%1$s is %2$w, and %3$s are %4$w", "%1$s: это %2$w, а %3$s: %4$w")                                                        \
	X(EXPR_CONDITION, "%1$s takes a condition; %2$s is %3$w", "%1$s: нужно условие, а %2$s: %3$w")                                         \
	X(EXPR_DIGITS, "numbers of more than %s digits may come out here", "Здесь могут получиться числа длиннее %s цифр")                     \
	X(EXPR_ADD, "%1$w cannot be added to %2$w", "нельзя сложить: %2$w и %1$w")                                                             \
	X(EXPR_SUBTRACT, "%1$w cannot be subtracted from %2$w", "нельзя вычесть: %2$w минус %1$w")                                             \
	X(EXPR_MULTIPLY, "%1$w cannot be multiplied by %2$w", "нельзя умножить: %1$w на %2$w")                                                 \
	X(EXPR_DIVIDE, "%1$w cannot be divided by %2$w", "нельзя разделить: %1$w на %2$w")                                                     \
	X(EXPR_NIL_SUM, "arithmetic with nil is always nil", "Действие с пустым значением всегда даёт пустое")                                 \
	X(EXPR_NO_TEXT, "%1$s is %2$w and has no text", "%1$s: это %2$w, текста у него нет")                                                   \
	X(EXPR_NO_SIGN, "%1$s is %2$w and has no sign", "%1$s: это %2$w, знака у него нет")                                                    \
	X(EXPR_SET_PLACE, "a set stands only behind 'in'", "Перечень стоит только после in")                                                   \
	X(EXPR_NO_VALUE, "%1$s is %2$w and no value", "%1$s: это %2$w, а не значение")                                                         \
	X(EXPR_WANTED, "%1$w is wanted here; %2$s is %3$w", "%2$s: это %3$w, а здесь нужно другое: %1$w")                                      \
	X(EXPR_OTHER_CURRENCY, "%s is in another currency than wanted here", "%s: не в той валюте, что здесь нужна")                           \
	X(EXPR_ARGS, "%1$s takes %2$s arguments, not %3$s", "%1$s: аргументов должно быть %2$s, а не %3$s")                                    \
	X(EXPR_ARG, "%1$s takes 1 argument, not %2$s", "%1$s: аргумент должен быть один, а не %2$s")                                           \
	X(EXPR_ARGS_MIN, "%1$s takes at least %2$s arguments", "%1$s: аргументов не меньше %2$s")                                              \
	X(EXPR_ARG_MIN, "%s takes at least 1 argument", "%s: нужен хотя бы один аргумент")                                                     \
	X(EXPR_ARGS_RANGE, "%1$s takes %2$s to %3$s arguments, not %4$s", "%1$s: аргументов от %2$s до %3$s, а не %4$s")                       \
	X(EXPR_TAKES, "%1$s takes %2$w; %3$s is %4$w", "%1$s: здесь %3$s (%4$w) не подходит, нужно: %2$w")                                     \
	X(EXPR_CHOSEN, "%1$s is %2$w and cannot be chosen here", "%1$s: это %2$w, здесь не выбрать")                                           \
	X(EXPR_ONE_TYPE, "%1$s gives one type of value; %2$s is %3$w, %4$s is %5$w",                                                           \
	  "%1$s: значения должны быть одного вида, а %2$s: %3$w, %4$s: %5$w")                                                                  \
	X(EXPR_SEVERAL, "%1$s looks at several records; %2$s is %3$w", "%1$s смотрит на несколько записей, а %2$s: %3$w")                      \
	X(EXPR_TAKES_NO, "%1$s takes no %2$w", "%1$s не принимает: %2$w")                                                                      \
	X(EXPR_MIXED, "%s may mix currencies: each line has its own", "%s: у строк могут быть разные валюты")                                  \
	X(EXPR_PATTERN, "the pattern of matches is written down", "Образец для matches пишется прямо в условии")                               \
	X(EXPR_BAD_PATTERN, "the pattern \"%1$s\" is not taken: %2$s", "Образец «%1$s» не принят: %2$s")                                       \
	X(EXPR_ROLE_NAME, "%s takes the name of a role", "%s: нужно название роли")                                                            \
	X(EXPR_NO_ROLE, "unknown role '%s'", "неизвестная роль «%s»")                                                                          \
	X(EXPR_UNDER, "under takes records; %1$s is %2$w", "under принимает записи, а %1$s: %2$w")                                             \
	X(EXPR_UNDER_BOTH, "%1$s is %2$w, %3$s is %4$w", "%1$s: %2$w, а %3$s: %4$w")                                                           \
	X(EXPR_NO_TREE, "%s is no tree", "Раздел «%s» не дерево")                                                                              \
	X(EXPR_ROUND, "round takes 0 to %s digits, written down", "round: от 0 до %s знаков, прямо в условии")                                 \
	X(EXPR_NO_FUNCTION, "unknown function '%s'", "неизвестная функция «%s»")

/* Parts of sentences that %w puts in: their English, which is also their name, and their Russian. One that ends in a blank takes whatever follows it. */
#define SAY_WORDS(X)                                                                                                                       \
	X("anything", "что угодно")                                                                                                            \
	X("nil", "пустое значение")                                                                                                            \
	X("a boolean", "да или нет")                                                                                                           \
	X("an integer", "целое число")                                                                                                         \
	X("a decimal", "число")                                                                                                                \
	X("a number", "число")                                                                                                                 \
	X("a text", "текст")                                                                                                                   \
	X("a choice", "вариант из списка")                                                                                                     \
	X("a date", "дата")                                                                                                                    \
	X("a datetime", "дата со временем")                                                                                                    \
	X("a duration", "длительность")                                                                                                        \
	X("a span of days or months", "отрезок в днях или месяцах")                                                                            \
	X("a record of ", "запись раздела ")                                                                                                   \
	X("a record", "запись")                                                                                                                \
	X("several records of ", "несколько записей раздела ")                                                                                 \
	X("a set", "перечень")                                                                                                                 \
	X("a value", "значение")                                                                                                               \
	X("a condition", "условие")                                                                                                            \
	X("text", "текст")                                                                                                                     \
	X("boolean", "да или нет")                                                                                                             \
	X("integer", "целое число")                                                                                                            \
	X("decimal", "число")                                                                                                                  \
	X("choice", "вариант из списка")                                                                                                       \
	X("date", "дата")                                                                                                                      \
	X("datetime", "дата со временем")                                                                                                      \
	X("duration", "длительность")                                                                                                          \
	X("span of days or months", "отрезок в днях или месяцах")                                                                              \
	X("record of ", "запись раздела ")                                                                                                     \
	X("memory (2 MB for one value)", "память (2 МБ на одно значение)")                                                                     \
	X("memory (8 MB at a time)", "память (8 МБ сразу)")                                                                                    \
	X("memory (64 MB in all)", "память (64 МБ всего)")                                                                                     \
	X("processor time (200 ms)", "время процессора (200 мс)")                                                                              \
	X("instructions (1,000,000)", "шаги (1 000 000)")

enum say_text {
#define SAY_ENUM(name, en, ru) SAY_##name,
	SAY_TEXTS(SAY_ENUM)
#undef SAY_ENUM
		SAY_COUNT
};

struct arena;

/* The sentence as a printf format; an unknown language gives English. */
const char *say_format(int lang, enum say_text text);
/* The sentence with its arguments (const char * all of them), in `a`. */
char *say_text(struct arena *a, int lang, enum say_text text, ...);
/* err_set with a sentence: returns -1. */
int err_say(struct err *err, enum err_code code, int lang, enum say_text text, ...);
/* The same in all languages at once: message is English, err_message gives the others. Arguments are const char *; -1. */
int err_tell(struct err *err, enum err_code code, enum say_text text, ...);
/* err_hint in all languages at once; -1. */
int err_tell_hint(struct err *err, enum say_text text, ...);
/* Copies code, message and hint of another error into *err, in all languages, behind a sentence (e.g. "The condition does not fit: %s"); -1. */
int err_tell_about(struct err *err, enum say_text text, const struct err *about);
/* A decimal number as an argument, in `a`; with a as NULL the number's digits in a static buffer of this thread, good for one use. */
const char *say_number(struct arena *a, long long n);

#endif
