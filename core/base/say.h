/* say: the sentences that users read, in every language of the platform.
 *
 * One row a sentence: its name, English, Russian. Arguments are texts only (%s, or %1$s when the order differs). Languages are numbers in the order of
 * enum lang of meta/section.h. Texts of configurations (labels, messages) are not here: they travel in the definitions. */
#ifndef OST_BASE_SAY_H
#define OST_BASE_SAY_H

#include "base/err.h"

#define SAY_TEXTS(X)                                                                                                                       \
	X(NOT_FOUND, "There is no such record", "Такой записи нет")                                                                            \
	X(NO_SECTION, "There is no section '%s'", "Раздела «%s» нет")                                                                          \
	X(NO_RESOURCE, "There is nothing at this address", "По этому адресу ничего нет")                                                       \
	X(METHOD, "This address does not take %s", "Этот адрес не принимает %s")                                                               \
	X(SEND_JSON, "Send JSON (Content-Type: application/json)", "Отправьте JSON (Content-Type: application/json)")                          \
	X(BAD_KEY, "The Idempotency-Key has 1 to 200 characters", "Idempotency-Key: от 1 до 200 знаков")                                       \
	X(NO_IMPORT, "There is no such import", "Такого импорта нет") \
	X(IMPORT_AT_WORK, "The import is at work already", "Импорт уже идёт") \
	X(IMPORT_BIG, "The file is larger than 200 MB", "Файл больше 200 МБ") \
	X(IMPORT_GONE, "The section or mapping of the import is gone", "Раздела или схемы этого импорта больше нет") \
	X(IMPORT_HEADLESS, "The file has no row that could name its columns", "В файле нет строки с названиями столбцов") \
	X(IMPORT_OPTION, "%1$s: %2$s is expected", "%1$s: нужно %2$s") \
	X(IMPORT_BUSY, "The file is still being read; try again in a moment", "Файл ещё читается, повторите через минуту")                      \
	X(IMPORT_KEY, "No column of the file gives the key '%s'", "Ни один столбец файла не даёт ключ «%s»")                                    \
	X(IMPORT_LOOKUP, "%1$s: there is no '%2$s'", "%1$s: нет записи «%2$s»")                                                                \
	X(IMPORT_AMBIGUOUS, "%1$s: '%2$s' is there more than once", "%1$s: «%2$s» встречается несколько раз")                                  \
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
	X(PATH, "With these data the record belongs to another path, which has no stage '%s'",                                                  \
	  "С такими данными запись идёт другим путём, а на нём нет стадии «%s»")                                                               \
	X(BEING_WRITTEN, "The record is being written already", "Запись уже записывается")                                                     \
	X(NO_LINE, "There is no such line", "Такой строки нет")                                                                                \
	X(NO_STAGE, "There is no stage '%s'", "Нет стадии «%s»")                                                                               \
	X(UNKNOWN_MOVE, "There is no move '%s'", "Нет перехода «%s»")                                                                          \
	X(MOVE_FROM, "'%1$s' is not possible from the stage '%2$s'", "Переход «%1$s» невозможен со стадии «%2$s»")                             \
	X(MOVE_WHEN, "'%s' is not possible now", "Переход «%s» сейчас невозможен")                                                             \
	X(MOVE_COMMENT, "Say why: a comment is required", "Поясните: нужен комментарий")                                                       \
	X(STAGE_REQUIRED, "%1$s is required at the stage '%2$s'", "Поле «%1$s» обязательно на стадии «%2$s»")                                  \
	X(RELOAD, "The configuration has just changed; try again", "Конфигурация только что изменилась; повторите")                            \
	X(REFUSED, "Refused", "Отказано")                                                                                                      \
	X(HOOK_FAILED, "A script of the configuration failed", "Сценарий конфигурации не выполнился")                                          \
	X(HOOK_LIMIT, "A script of the configuration went over its budget", "Сценарий конфигурации превысил свой предел")                      \
	X(HOOK_DEPTH, "Hooks call each other too deep", "Сценарии вызывают друг друга слишком глубоко")                                        \
	X(INVALID, "The record cannot be saved", "Запись нельзя сохранить")                                                                    \
	X(KEY_REUSED, "The idempotency key belongs to another request", "Ключ идемпотентности принадлежит другому запросу")                    \
	X(BAD_CREDENTIALS, "Login or password is wrong", "Неверное имя или пароль")                                                             \
	X(TOO_MANY_ATTEMPTS, "Too many attempts; wait a little", "Слишком много попыток; подождите немного")                                    \
	X(CSRF, "The request did not come from the application's own page. Reload the page and try again",                                      \
	  "Запрос пришёл не со страницы приложения. Обновите страницу и повторите")                                                             \
	X(SIGN_IN, "Sign in first", "Сначала войдите")                                                                                          \
	X(OLD_PASSWORD, "The old password is wrong", "Старый пароль неверен")                                                                   \
	X(PASSWORD_LENGTH, "A password has 8 to 200 characters", "В пароле от 8 до 200 знаков")                                                 \
	X(SEARCH_LONG, "At most 200 characters are searched for", "Для поиска: не больше 200 знаков")                                           \
	X(YES, "Yes", "Да")                                                                                                                     \
	X(NO, "No", "Нет")                                                                                                                      \
	X(EXPORT_KIND, "A list is exported as .xlsx or .csv", "Список выгружается как .xlsx или .csv")                                          \
	X(EXPORT_OPTIONS, "An export takes columns, $filter, $orderby, $search and $ostov.list", "Выгрузка принимает columns, $filter, $orderby, $search и $ostov.list") \
	X(EXPORT_COLUMNS, "An export has 1 to %s columns", "В выгрузке от 1 до %s столбцов")                                                    \
	X(EXPORT_ROWS, "More than %s rows: narrow the list", "Больше %s строк: сузьте список")                                                  \
	X(EXPORT_BUSY, "Too many exports are running; try again soon", "Сейчас идёт слишком много выгрузок; повторите чуть позже")              \
	X(NO_FILE, "There is no such file", "Такого файла нет")                                                                                 \
	X(EMPTY_FILE, "The file is empty", "Файл пуст")                                                                                         \
	X(BAD_FILE_NAME, "X-File-Name cannot be read", "X-File-Name не читается")                                                               \
	X(NO_SETTING, "Nothing is kept under this name", "Под этим именем ничего не сохранено")                                                 \
	X(SETTING_SIZE, "A setting has at most 64 KB", "Настройка занимает не больше 64 КБ")                                                    \
	X(SETTING_COUNT, "Too many settings are kept already", "Сохранено слишком много настроек")                                              \
	X(IDS, "'ids' is a list of 1 to %s record numbers", "«ids»: список от 1 до %s номеров записей")                                         \
	X(OTHER_RECORDS, "Other records", "Другие записи")                                                                                      \
	X(BULK_VALUES, "'values' is expected", "Нужны значения («values»)")                                                                     \
	X(BULK_ACTION, "'action' is update, delete or move", "«action»: update, delete или move")                                               \
	X(CURRENCY, "%s: amounts of different currencies do not mix", "%s: суммы в разных валютах не смешиваются")

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

#endif
