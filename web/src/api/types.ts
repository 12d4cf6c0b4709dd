/** Shapes that the server promises; see docs/developers/http-contract.md. */

export type FieldType =
  | 'text' | 'integer' | 'decimal' | 'money' | 'percent' | 'boolean' | 'date' | 'datetime' | 'duration'
  | 'choice' | 'lookup' | 'file' | 'email' | 'phone' | 'url' | 'autonumber' | 'formula' | 'rollup' | 'stage';

export type Flag = boolean | 'rule';

export interface ChoiceValue { value: string; label: string; colour?: string | null }

export interface Field {
  name: string;
  label: string;
  type: FieldType;
  value_type?: FieldType;
  help?: string | null;
  required?: Flag;
  readonly?: Flag;
  hidden?: Flag;
  writable?: boolean;
  builtin?: boolean;
  unique?: boolean;
  many?: boolean;
  scale?: number | null;
  min?: number | string | null;
  max?: number | string | null;
  to?: string;
  create?: boolean;
  long?: boolean;
  search?: boolean;
  values?: ChoiceValue[];
  sortable?: boolean;
  filterable?: boolean;
  live?: boolean;
  currency?: string;
}

export interface Detail { name: string; label: string; section: string; by: string; owned: boolean; columns: string[] }

export type LayoutItem =
  | { kind: 'field'; name: string }
  | { kind: 'detail'; name: string }
  | { kind: 'group'; name: string; label: string; items: LayoutItem[] }
  | { kind: 'tab'; name: string; label: string; items: LayoutItem[] };

export interface Stage { name: string; label: string; final?: boolean; colour?: string | null }
export interface StagePath { path: string; label?: string; stages: Stage[] }
export interface Move { name: string; label: string; from: string[]; to: string; comment?: boolean; may?: boolean }
export interface List { name: string; label: string; columns: string[]; sort?: string[] }

export interface Section {
  name: string;
  label: string;
  plural: string;
  module: string;
  can: { create: boolean; update: boolean; delete: boolean; import: boolean; export: boolean };
  owned_by: string | null;
  fields: Field[];
  details: Detail[];
  layout: LayoutItem[];
  stages: StagePath[];
  moves: Move[];
  lists: List[];
  imports: { name: string; label: string }[];
}

export interface MenuGroup { module: string; label: string; sections: string[] }

export interface Meta {
  app: { name: string; label: string; version: string };
  generation: number;
  language: string;
  languages: string[];
  zone: string;
  currency: string;
  menu: MenuGroup[];
  sections: Record<string, Section>;
}

export type ThemeChoice = 'light' | 'dark' | 'system';

export interface User {
  id: number;
  login: string;
  name: string;
  language: string;
  theme: ThemeChoice;
  roles: string[];
}

export interface Me { user: User; csrf: string }

/** A value as it travels: numbers too long for a double arrive as their text. */
export type Value = string | number | boolean | null | undefined | Value[] | { [key: string]: Value };
export type Row = Record<string, Value>;

export interface FileInfo { id: number; name: string; size: number; media_type?: string }
export interface Titled { id: number; title: string | null }

export interface FieldState { required?: boolean; readonly?: boolean; hidden?: boolean }
export interface MoveState { name: string; allowed: boolean; reason?: string }
export interface TaskState { id: number; name: string; label: string; required: boolean; done: boolean; may: boolean; by?: Titled; at?: string }
export interface FieldError { target?: string | null; message: string }

/** What rules say of one line, by the key that the page gave it. */
export interface LineAnswer {
  key: string;
  may: boolean;
  values: Row;
  titles?: Record<string, Value>;
  fields: Record<string, FieldState>;
  errors?: FieldError[];
}

export interface FormAnswer {
  values: Row;
  titles?: Record<string, Value>;
  fields: Record<string, FieldState>;
  lines?: Record<string, LineAnswer[]>;
  errors?: FieldError[];
  can?: { update: boolean; delete: boolean };
  moves?: MoveState[];
  tasks?: TaskState[];
  stage?: string | null;
  path?: string | null;
}

export interface LookupItem { id: number; title: string; hints?: (string | null)[] }
export interface LookupAnswer { items: LookupItem[]; more: boolean; create: boolean }

export interface Change { field: string; label: string; old: Value; new: Value }
export interface HistoryItem {
  id: number;
  at: string;
  by: Titled | null;
  kind: 'created' | 'changed' | 'moved' | 'deleted' | 'ticked' | 'reopened';
  move?: string;
  task?: string;
  comment?: string | null;
  detail?: { section: string; id: number; title: string | null };
  changes: Change[];
}

export interface DeletePreview {
  counts: { section: string; label: string; plural?: string; count: number }[];
  blocked: { section: string; label: string; count: number }[];
  deletable: number;
}

export interface BulkAnswer { done: number; failed: { id: number; title?: string | null; error: ErrorBody }[] }

export interface ErrorBody {
  code: string;
  message: string;
  target?: string;
  details?: { code?: string; message: string; target?: string }[];
  hint?: string;
  id?: string;
  'ostov.current'?: Stale;
}

export interface Stale {
  etag: string;
  changed_at: string;
  changed_by: Titled | null;
  changes: Change[];
}

export interface ImportColumn {
  name: string;
  samples: string[];
  to: string | null;
  by?: string | null;
  create?: boolean;
  strip?: Value;
  values?: Value;
}

export interface ImportFormat {
  kind: string;
  encoding?: string;
  separator?: string;
  quote?: string;
  decimal?: string;
  date?: string;
  header_row?: number;
  sheet?: string;
}

export interface ImportJob {
  id: number;
  section: string;
  state: 'detecting' | 'ready' | 'checking' | 'running' | 'done' | 'failed' | 'cancelled';
  format?: ImportFormat;
  columns?: ImportColumn[];
  key?: string | null;
  rows?: number | null;
  done?: number;
  created?: number;
  updated?: number;
  unchanged?: number;
  rejected?: number;
  errors?: { row: number; column?: string | null; reason: string }[];
  dry?: boolean;
  error?: string | ErrorBody | null;
}
