/** English catalogue. Keys are shared with ru.ts; the lint compares them. */
export const en = {
  language: { en: 'English', ru: 'Русский' },
  theme: { light: 'Light', dark: 'Dark', system: 'As in the system' },
  unit: { d: 'd', h: 'h', m: 'min', s: 's' },
  state: { loading: 'Loading' },
  act: {
    save: 'Save', undo: 'Undo', cancel: 'Cancel', create: 'Create', edit: 'Edit', delete: 'Delete', close: 'Close', retry: 'Try again', reload: 'Reload the page', home: 'To the start page',
  },
  signin: {
    title: 'Sign in', login: 'User name', password: 'Password', enter: 'Sign in', both: 'Enter the user name and the password.',
    expired: 'Please sign in again', expired_text: 'The session has ended. What you have entered on the page is kept.',
  },
  error: {
    failed: 'That did not work. Try once more.', network: 'The server does not answer. Check the connection.', busy: 'The server is busy. Try again in a few seconds.',
    too_many_one: 'Too many attempts. Try again in {{count}} second.', too_many_other: 'Too many attempts. Try again in {{count}} seconds.',
  },
  trouble: {
    id: 'Number for support: {{id}}',
    unreachable: { title: 'No connection', text: 'The server does not answer. Check the connection and try again.' },
    failed: { title: 'Something went wrong', text: 'The page could not be shown.' },
    updated: { title: 'A newer version is here', text: 'This page was opened before the update and lacks a part. Reload it to go on.' },
    not_found: { title: 'Not found', text: 'There is no such page, or it is not open to you.' },
    no_right: { title: 'No access', text: 'You have no right to see this. Ask your administrator.' },
  },
  frame: {
    skip: 'Skip to the page', menu: 'Menu', sections: 'Sections', favourites: 'Favourites', favourite: 'Favourite: {{label}}', search: 'Search', search_keys: 'Ctrl K',
    fold: 'Fold the menu', unfold: 'Unfold the menu',
  },
  user: {
    menu: '{{name}}: settings and sign-out', language: 'Language', theme: 'Theme', password: 'Change password', tokens: 'API tokens', keys: 'Keyboard shortcuts', out: 'Sign out',
  },
  box: {
    placeholder: 'A record, a section, an action…', results: 'Found', sections: 'Sections', actions: 'Actions', new: '{{label}}: new', import: '{{label}}: import', nothing: 'Nothing found',
  },
  keys: {
    title: 'Keyboard shortcuts', search: 'Search in the list', box: 'Search everywhere', down: 'Next row', up: 'Previous row', open: 'Open', new: 'New record', edit: 'Edit',
    save: 'Save', previous: 'Previous record of the list', next: 'Next record of the list', back: 'Back', help: 'This page',
  },
  list: {
    new: 'New', search: 'Search', views: 'Views', all: 'All', columns: 'Columns', exchange: 'Export and import', export_xlsx: 'Export to Excel', export_csv: 'Export to CSV', import: 'Import from a file',
    count_one: '{{number}} record', count_other: '{{number}} records', count_more_one: '{{number}}+ records', count_more_other: '{{number}}+ records',
    selected_one: '{{count}} selected', selected_other: '{{count}} selected', select: 'Select: {{title}}', select_all: 'Select all loaded rows',
    empty: '{{label}}: nothing yet', empty_text: 'Create the first record or load them from a file.', empty_unwritable: 'Records that are open to you will appear here.',
    nothing: 'Nothing found', nothing_text: 'No record meets the search and the filters.', clear: 'Clear search and filters',
  },
  filter: {
    group: 'Filters', add: 'Filter', clear: 'Clear all', remove: 'Remove the filter: {{label}}', how: 'Condition', apply: 'Apply', from: 'From', to: 'To',
    contains: 'contains', eq: 'equals', empty: 'is empty', filled: 'is filled', in: 'is one of', between: 'between', yes: 'yes', no: 'no',
    today: 'today', this_week: 'this week', this_month: 'this month', next_month: 'next month', last_month: 'last month', next_30: 'next 30 days', last_30: 'last 30 days',
    this_year: 'this year', past: 'in the past', future: 'in the future',
    contains_words: 'contains “{{text}}”', eq_words: '= “{{text}}”', from_words: 'from {{from}}', to_words: 'up to {{to}}',
  },
  columns: { title: 'Columns', usual: 'As usual', more: 'Can be added', up: 'Move up: {{label}}', down: 'Move down: {{label}}' },
  bulk: {
    undone_one: '{{count}} record is as it was', undone_other: '{{count}} records are as they were',
    undo_failed_one: '{{titles}} could not be put back: it was changed later, or the rules no longer allow it.', undo_failed_other: '{{count}} records could not be put back: {{titles}}. They were changed later, or the rules no longer allow it.',
    label: 'Actions on the selection', change: 'Change a field', move: 'Move to a stage', none: 'Clear selection', all: 'Select all {{count}}', first: 'Select the first {{count}}',
    field: 'Field', value: 'New value', empties: 'An empty value empties the field.',
    change_title_one: 'Change a field of {{count}} record', change_title_other: 'Change a field of {{count}} records', change_do_one: 'Change {{count}} record', change_do_other: 'Change {{count}} records',
    changed_one: '{{count}} record changed', changed_other: '{{count}} records changed', failed_one: '{{count}} record could not be changed', failed_other: '{{count}} records could not be changed',
  },
  field: {
    required: 'Fill in this field', must: 'Required', empty: 'Not set', yes: 'Yes', no: 'No', unseen: 'A record closed to you', url_hint: 'https://', duration_hint: '1 h 30 min',
  },
  file: { add: 'Choose a file', add_several: 'Add files', replace: 'Replace', remove: 'Remove {{name}}', sending: 'A file is still being sent' },
  lookup: { nothing: 'Nothing found', more: 'Type more to narrow the list', create: 'Create: {{label}}', create_named: 'Create “{{name}}”' },
  record: {
    new: '{{label}}: new', more: 'More actions', up: 'Back to the list: {{label}}', saved: 'Saved', moved: '{{label}}: done', savebar: 'Unsaved changes', tabs: 'Parts of the form',
    changed_one: '{{count}} field changed', changed_other: '{{count}} fields changed', unchanged: 'Nothing changed yet', place: '{{at}} of {{total}}', previous: 'Previous record', next: 'Next record',
  },
  stage: { way: 'Stages', done: 'Done', of: 'stage {{at}} of {{count}}', closed: '{{label}} is not possible: {{reason}}' },
  checklist: { title: 'To do', count: '{{done}} of {{count}}', required: 'Must be ticked before the record goes on', others: 'Somebody else ticks this' },
  move: { comment: 'Comment' },
  detail: {
    add: 'Add', add_line: 'Add a line', none: 'Nothing yet', total: 'Total', acts: 'Actions', edit_line: 'Edit the line', remove_line: 'Remove the line', restore_line: 'Restore the line',
    partial: 'The first {{count}} lines are shown; they are changed from their own pages.', all: 'Show all {{count}}',
  },
  history: {
    title: 'History', none: 'Nothing has happened yet', system: 'System', created: 'created', changed: 'changed', deleted: 'deleted', line_created: 'added: {{label}}', line_changed: 'changed: {{label}}', line_moved: 'moved: {{label}}', line_deleted: 'removed: {{label}}', moved: 'moved: {{label}}', ticked: 'ticked “{{label}}”', reopened: 'took back “{{label}}”', to: 'became', empty: 'empty', more: 'Show earlier',
  },
  conflict: {
    title: 'Changed by somebody else', who: '{{name}} saved this record on {{at}}, while you were editing it.', field: 'Field', was: 'Was', his: 'Theirs', my: 'Yours', untouched: 'not changed',
    unseen: 'What was changed is not open to you.', theirs: 'Take theirs', mine: 'Overwrite with mine', text: 'With theirs, your other changes stay on the page unsaved. Overwriting puts your values over theirs.',
  },
  delete: {
    title: 'Delete?', one: '“{{title}}” will be deleted.', many_one: '{{label}}: {{count}} record will be deleted.', many_other: '{{label}}: {{count}} records will be deleted.', along: 'Along with it will go:',
    none: 'This cannot be deleted.', some_one: '{{count}} record cannot be deleted and will stay.', some_other: '{{count}} records cannot be deleted and will stay.', blocked: 'In the way:',
    done_one: '{{count}} record deleted', done_other: '{{count}} records deleted',
  },
  guard: { title: 'Leave without saving?', text: 'What you have changed on this page will be lost.', leave: 'Leave', stay: 'Stay' },
  import: {
    title: '{{label}}: import', another: 'Another file', mapping: 'Mapping', mapping_none: 'None: by the names of columns', choose: 'Choose a file', drop: 'or drop it here: CSV or Excel (xlsx)', sending: 'Sending the file',
    text: 'Nothing is written yet: first you will see what was found in the file and can try it out.',
    detecting: 'Looking at the file', checking: 'Trying it out', running: 'Importing', progress: '{{done}} of {{rows}} rows', stop: 'Stop', cancelled: 'Stopped after {{number}} rows. What was written stays.',
    to_list: 'To the list: {{label}}', acts: 'Try or import', check: 'Try without writing', run: 'Import', checked: 'Tried out; nothing has been written yet.', check_first: 'Trying it out first shows which rows would be refused.',
    format: 'Format of the file', rows_one: '{{number}} row', rows_other: '{{number}} rows', format_encoding: 'Encoding', format_separator: 'Separator', format_quote: 'Quotes in text', format_sheet: 'Sheet', format_decimal: 'Decimal sign',
    format_date: 'Dates', letter_d: 'd', letter_m: 'm', letter_y: 'y', format_header_row: 'Row with names', tab: 'tab', comma: 'comma', point: 'point', quote_doubled: 'doubled ("")', quote_backslash: 'with a backslash (\\")',
    columns: 'Columns', column: 'Column', samples: 'Samples', field: 'Becomes', lookup: 'How it is found', nameless: 'Column {{number}}', field_of: 'Field for the column {{name}}', skip: 'Skip', by_of: 'Found by, for the column {{name}}', by_title: 'by title', create: 'create if there is none',
    key: 'A record is known again by', key_none: 'not at all: every row is new', key_text: 'Rows whose value is already there change that record, so a file can be imported again.',
    trial: 'What would happen', done: 'Done', created: 'Created', updated: 'Changed', unchanged: 'Unchanged', rejected: 'Refused', will_created: 'Will be created', will_updated: 'Will be changed', will_unchanged: 'Unchanged', will_rejected: 'Will be refused',
    rejected_text_one: '{{count}} row is refused. Correct it in the file and import it again.', rejected_text_other: '{{count}} rows are refused. Correct them in the file and import it again.', rejected_file: 'Download refused rows',
    row: 'Row', reason: 'Reason',
  },
  settings: {
    title: 'Settings', profile: 'Profile', password: 'Password', tokens: 'API tokens', name: 'Name', differ: 'The two entries differ', password_done: 'The password is changed',
    password_old: 'Present password', password_new: 'New password', password_again: 'New password once more',
    tokens_text: 'A token lets a program act in your name, with your rights. Give each program its own and revoke what is no longer needed.',
    token_once: 'Copy the token now: it is shown once.', copy: 'Copy', token_name: 'What it is for', token_days: 'Valid for', token_create: 'Create a token', no_tokens: 'There are no tokens yet',
    created: 'Created', expires: 'Valid until', used: 'Last used', never: 'never', no_end: 'no end', revoke: 'Revoke', revoke_ask: 'Revoke “{{name}}”? Programs that use it will stop working.',
    days_one: '{{count}} day', days_other: '{{count}} days',
  },
};
