/** One record on its form: what is kept, the draft over it, what rules say of it, saving and moving it. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError, get, request, send } from '../api/http';
import { fieldOfProp, fieldProp, useMeta } from '../api/meta';
import { etagOf, TITLES } from '../api/odata';
import type { Field, FormAnswer, Row, Section, Stale } from '../api/types';
import { errorText } from '../app/errors';
import { fieldsMissing } from './missing';
import type { DetailDraft, Draft, Faults } from './draft';
import { detailEmpty, draftBody, draftCount, draftFill, draftSet, errorsOf, faultsOf, fieldFlags, fieldInput, NO_DETAIL, NO_DRAFT, NO_FAULTS } from './draft';
import type { LineStates } from './lines';
import { linesFaults, linesFill, linesMissing, linesQuestion, linesRuled, lineSet, linesWritable } from './lines';
import { lineFields } from './useDetail';
import { useUploads } from '../fields/uploads';
import { useT } from '../i18n';

const REST = 250;

export interface Conflict { current: Stale; again: (etag: string) => Promise<Row | null> }

export function useForm(section: Section, id: number | null, preset?: Row) {
  const t = useT();
  const client = useQueryClient();
  const meta = useMeta();
  const existing = id !== null;
  // Sections of the lines that are typed here, by detail.
  const targets = useMemo(() => Object.fromEntries(section.details.flatMap((detail): [string, Section][] => {
    const target = detail.owned ? meta.sections[detail.section] : undefined;
    return target ? [[detail.name, target]] : [];
  })), [section, meta]);
  const [draft, setDraft] = useState<Draft>(() => (preset ? { ...NO_DRAFT, values: preset, touched: Object.keys(preset) } : NO_DRAFT));
  const [shown, setShown] = useState<Row>({});
  const [faults, setFaults] = useState<Faults>(NO_FAULTS);
  const [attempt, setAttempt] = useState(0);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const [saving, setSaving] = useState(false);
  const [answer, setAnswer] = useState<FormAnswer | null>(null);
  const [lines, setLines] = useState<LineStates>({});
  const [formError, setFormError] = useState<unknown>(null);
  const uploads = useUploads();
  const busy = useRef(false);
  const current = useRef(draft);
  current.current = draft;
  const version = useRef(0);
  const changedAt = useRef(new Map<string, number>());
  const pending = useRef(new Set<string>());
  const wrong = useRef<string[]>([]);
  wrong.current = (answer?.errors ?? []).map((error) => error.target ?? '');
  const keptLines = useRef<Record<string, Row[]>>({});
  const linesRef = useRef(lines);
  linesRef.current = lines;
  const flight = useRef<Promise<void> | null>(null);
  const again = useRef(false);
  const stop = useRef<AbortController | null>(null);
  const sent = useRef<Draft>(NO_DRAFT);
  const idempotency = useRef(crypto.randomUUID());

  const record = useQuery({
    queryKey: ['record', section.name, id],
    queryFn: ({ signal }) => get<Row>(`/api/${section.name}(${id})`, { signal, headers: { Prefer: TITLES } }),
    enabled: existing,
    staleTime: 0,
    refetchOnMount: 'always',
  });
  const base: Row = useMemo(() => record.data ?? {}, [record.data]);
  const baseRef = useRef(base);
  baseRef.current = base;

  /** One question to the server: what rules make of the draft and of its lines. */
  const question = useCallback(async (): Promise<void> => {
    const changed = [...pending.current];
    pending.current.clear();
    const sentAt = version.current;
    const values = draftBody(current.current);
    const edited = (place: string): string[] => changed.filter((name) => name.startsWith(`${place}/`)).map((name) => name.slice(place.length + 1));
    for (const [name, target] of Object.entries(targets)) {
      const list = linesQuestion(current.current.details[name] ?? NO_DETAIL, keptLines.current[name] ?? [], linesRuled(target), (key) => edited(`${name}/${key}`));
      if (list.length) values[`${name}@delta`] = list;
      else delete values[`${name}@delta`];
    }
    const own = changed.filter((name) => !name.includes('/'));
    const body = { ...(id === null ? {} : { id }), values, ...(own.length ? { changed: own } : {}) };
    const controller = new AbortController();
    stop.current = controller;
    try {
      const next = (await request<FormAnswer>(`/ui/form/${section.name}`, { method: 'POST', body, signal: controller.signal })).data;
      if (controller.signal.aborted) return;
      const since = [...changedAt.current].filter(([, at]) => at > sentAt).map(([prop]) => prop);
      const newer = (place: string): Set<string> => new Set(since.filter((prop) => prop.startsWith(place)).map((prop) => prop.slice(place.length)));
      const filled = draftFill(section, current.current, baseRef.current, next, newer(''), id !== null);
      const details = { ...filled.draft.details };
      const states: LineStates = {};
      for (const [name, target] of Object.entries(targets)) {
        const taken = linesFill(target, details[name] ?? NO_DETAIL, keptLines.current[name] ?? [], next.lines?.[name] ?? [], (key) => newer(`${name}/${key}/`));
        if (details[name]) details[name] = taken.detail;
        states[name] = taken.states;
      }
      current.current = { ...filled.draft, details };
      setDraft(current.current);
      setShown(filled.shown);
      linesRef.current = states;
      setLines(states);
      setAnswer(next);
      setFormError(null);
    } catch (error) {
      if (controller.signal.aborted) return;
      changed.forEach((name) => pending.current.add(name));
      setFormError(error);
    }
  }, [section, targets, id]);

  /** Asks what rules say now. One question is on its way at a time; what changes meanwhile is asked when it is answered. */
  const ask = useCallback((changed: string[]): Promise<void> => {
    changed.forEach((name) => pending.current.add(name));
    again.current = true;
    flight.current ??= (async () => {
      try {
        while (again.current) {
          again.current = false;
          await question();
        }
      } finally {
        flight.current = null;
      }
    })();
    return flight.current;
  }, [question]);
  useEffect(() => () => stop.current?.abort(), []);

  const etag = etagOf(base);
  useEffect(() => {
    if (!existing || record.data) void ask([]);
  }, [ask, existing, etag, Boolean(record.data)]);

  const timer = useRef(0);
  const askSoon = useCallback((names: string[]) => {
    names.forEach((name) => pending.current.add(name));
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => void ask([]), REST);
  }, [ask]);
  useEffect(() => () => window.clearTimeout(timer.current), []);

  const change = useCallback((values: Row) => {
    version.current += 1;
    const names: string[] = [];
    const live: string[] = [];
    for (const prop of Object.keys(values)) {
      if (prop.includes('@')) continue;
      changedAt.current.set(prop, version.current);
      const field = fieldOfProp(section, prop);
      if (!field) continue;
      names.push(field.name);
      if (field.live) live.push(field.name);
    }
    current.current = draftSet(section, current.current, baseRef.current, values, id !== null);
    setDraft(current.current);
    setFaults((before) => {
      if (!names.some((name) => before.fields[name])) return before;
      const fields = { ...before.fields };
      names.forEach((name) => delete fields[name]);
      return { ...before, fields };
    });
    // What rules found wrong with the old value says nothing of the new one: they are asked again.
    const judged = wrong.current.filter((target) => names.some((name) => target === name || fieldOfProp(section, target)?.name === name));
    if (judged.length) setAnswer((before) => before && { ...before, errors: (before.errors ?? []).filter((error) => !judged.includes(error.target ?? '')) });
    if (live.length || judged.length) askSoon(live);
  }, [section, id, askSoon]);

  const putDetail = useCallback((name: string, detail: DetailDraft) => {
    version.current += 1;
    current.current = { ...current.current, details: { ...current.current.details, [name]: detail } };
    setDraft(current.current);
  }, []);

  /** Lines came, went or came back. */
  const changeDetail = useCallback((name: string, detail: DetailDraft) => {
    putDetail(name, detail);
    setFaults((before) => {
      if (!before.lines[name]) return before;
      const { [name]: gone, ...rest } = before.lines;
      const there = Object.entries(gone ?? {}).filter(([key]) => detail.added.some((item) => item.key === key) || (/^\d+$/.test(key) && !detail.removed.includes(Number(key))));
      return { ...before, lines: there.length ? { ...rest, [name]: Object.fromEntries(there) } : rest };
    });
    askSoon([name]);
  }, [putDetail, askSoon]);

  /** Somebody typed in a line. */
  const changeLine = useCallback((name: string, key: string, values: Row) => {
    const target = targets[name];
    if (!target) return;
    const kept = keptLines.current[name]?.find((item) => String(item.id) === key);
    putDetail(name, lineSet(target, current.current.details[name] ?? NO_DETAIL, kept, key, values));
    const fields = Object.keys(values).filter((prop) => !prop.includes('@')).flatMap((prop) => fieldOfProp(target, prop) ?? []);
    for (const field of fields) changedAt.current.set(`${name}/${key}/${fieldProp(field)}`, version.current);
    const speaks = (prop: string | null | undefined): boolean => !prop || fields.some((field) => field.name === prop || fieldProp(field) === prop);
    setFaults((before) => {
      const fault = before.lines[name]?.[key];
      if (!fault || !Object.keys(fault).some(speaks)) return before;
      const { [key]: old, ...others } = before.lines[name] ?? {};
      const left = Object.fromEntries(Object.entries(old ?? {}).filter(([prop]) => !speaks(prop)));
      return { ...before, lines: { ...before.lines, [name]: Object.keys(left).length ? { ...others, [key]: left } : others } };
    });
    const judged = linesRef.current[name]?.[key]?.errors.some((error) => speaks(error.target)) ?? false;
    if (judged) {
      setLines((before) => {
        const state = before[name]?.[key];
        return state ? { ...before, [name]: { ...before[name], [key]: { ...state, errors: state.errors.filter((error) => !speaks(error.target)) } } } : before;
      });
    }
    const live = fields.filter((field) => field.live).map((field) => `${name}/${key}/${field.name}`);
    if (live.length || judged) askSoon(live.length ? [name, ...live] : []);
  }, [targets, putDetail, askSoon]);

  /** The lines that are stored, as soon as they are read: rules may speak of them too. */
  const keepLines = useCallback((name: string, rows: Row[]) => {
    if (keptLines.current[name] === rows) return;
    keptLines.current = { ...keptLines.current, [name]: rows };
    const target = targets[name];
    if (rows.length && target && linesRuled(target)) void ask([]);
  }, [targets, ask]);

  const row: Row = useMemo(() => ({ ...base, ...shown, ...draft.values }), [base, shown, draft.values]);
  const count = draftCount(section, draft, base);
  const dirty = uploads.going > 0 || (existing ? count > 0 : draft.touched.length > 0 || Object.values(draft.details).some((detail) => !detailEmpty(detail)));
  const states = answer?.fields;
  const may = existing ? answer?.can?.update ?? section.can.update : section.can.create;

  const editable = useCallback((field: Field): boolean => (
    may && fieldInput(field) && field.writable !== false && !fieldFlags(field, states).readonly
  ), [may, states]);

  const clear = useCallback(() => {
    // What is on its way speaks of a draft that is no more.
    stop.current?.abort();
    window.clearTimeout(timer.current);
    current.current = NO_DRAFT;
    setDraft(NO_DRAFT);
    setFaults(NO_FAULTS);
    setShown({});
    setLines((before) => Object.fromEntries(Object.entries(before).map(([name, states]) => [
      name, Object.fromEntries(Object.entries(states).map(([key, state]) => [key, { ...state, shown: {}, errors: [] }])),
    ])));
    pending.current.clear();
    changedAt.current.clear();
  }, []);

  const cancel = useCallback(() => {
    uploads.cancel();
    clear();
    void ask([]);
  }, [uploads, clear, ask]);

  const settle = useCallback((saved: Row) => {
    clear();
    if (existing) client.setQueryData(['record', section.name, id], (before: Row | undefined) => ({ ...before, ...saved }));
    void client.invalidateQueries({ queryKey: ['rows', section.name] });
    void client.invalidateQueries({ queryKey: ['history', section.name] });
    for (const detail of section.details) void client.invalidateQueries({ queryKey: ['detail', detail.section] });
  }, [clear, existing, client, section, id]);

  const fail = useCallback((error: unknown, again: (etag: string) => Promise<Row | null>) => {
    if (error instanceof ApiError && error.status === 412 && error.current) {
      setConflict({ current: error.current, again });
      return;
    }
    // The session ended: signing in is asked for over the page, and nothing of the draft is at fault.
    if (error instanceof ApiError && error.status === 401) return;
    const found = error instanceof ApiError && (error.status === 400 || error.status === 409) && (error.body.target || error.body.details?.length)
      ? faultsOf(section, sent.current, errorsOf(error.body))
      : { ...NO_FAULTS, rest: [errorText(error, t)] };
    setFaults(found);
    setAttempt((before) => before + 1);
  }, [section, t]);

  const write = useCallback(async (match: string): Promise<Row | null> => {
    const headers: Record<string, string> = { Prefer: `return=representation, ${TITLES}` };
    setSaving(true);
    try {
      // Waits until rules have answered for the last keystrokes, so that what is saved is what is seen.
      window.clearTimeout(timer.current);
      if (pending.current.size) await ask([]);
      else await flight.current;
      const details = { ...current.current.details };
      for (const [name, target] of Object.entries(targets)) if (details[name]) details[name] = linesWritable(target, details[name], linesRef.current[name]);
      sent.current = { ...current.current, details };
      const body = draftBody(sent.current);
      for (const prop of Object.keys(body)) {
        const field = fieldOfProp(section, prop);
        if (field && !current.current.touched.includes(prop) && fieldFlags(field, answer?.fields).readonly) delete body[prop];
      }
      let saved: Row;
      if (existing) {
        headers['If-Match'] = match;
        saved = await send<Row>('PATCH', `/api/${section.name}(${id})`, body, headers);
      } else {
        headers['Idempotency-Key'] = idempotency.current;
        saved = (await request<Row>(`/api/${section.name}`, { method: 'POST', body, headers })).data;
      }
      setConflict(null);
      settle(saved);
      return saved;
    } catch (error) {
      // A create that was refused may be sent again changed: it is another request then.
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) idempotency.current = crypto.randomUUID();
      fail(error, write);
      return null;
    } finally {
      setSaving(false);
    }
  }, [ask, answer, existing, section, targets, id, settle, fail]);

  /** Waits for files that are still being sent; one that did not arrive says why beside its field. */
  const arrived = useCallback(async (): Promise<boolean> => {
    setSaving(true);
    try {
      return await uploads.settled();
    } finally {
      setSaving(false);
    }
  }, [uploads]);

  const check = useCallback(async (): Promise<Row | null> => {
    if (!(await arrived())) return null;
    const missing = fieldsMissing(section, { ...baseRef.current, ...shown, ...current.current.values }, answer?.fields, editable);
    const empty: Faults['lines'] = {};
    for (const detail of section.details) {
      const target = targets[detail.name];
      if (!target || !current.current.details[detail.name]) continue;
      const fields = lineFields(detail, target).filter(fieldInput);
      const found = linesMissing(fields, current.current.details[detail.name], keptLines.current[detail.name] ?? [], linesRef.current[detail.name], t('field.required'));
      if (Object.keys(found).length) empty[detail.name] = found;
    }
    if (missing.length || Object.keys(empty).length) {
      setFaults({ ...NO_FAULTS, fields: Object.fromEntries(missing.map((field) => [field.name, t('field.required')])), lines: empty });
      setAttempt((before) => before + 1);
      return null;
    }
    return write(etagOf(baseRef.current));
  }, [arrived, section, targets, shown, answer, editable, write, t]);

  const save = useCallback(async (): Promise<Row | null> => {
    // Asked again before the answer (a key pressed twice) it would find its own change as somebody else's.
    if (busy.current) return null;
    busy.current = true;
    try {
      return await check();
    } finally {
      busy.current = false;
    }
  }, [check]);

  const moving = useMutation({
    mutationFn: async ({ name, comment }: { name: string; comment?: string }): Promise<Row | null> => {
      const act = async (match: string): Promise<Row | null> => {
        try {
          const moved = await send<Row>('POST', `/api/${section.name}(${id})/${name}`, comment ? { comment } : {}, { 'If-Match': match, Prefer: TITLES });
          setConflict(null);
          settle(moved);
          return moved;
        } catch (error) {
          fail(error, act);
          return null;
        }
      };
      if (!(await arrived())) return null;
      let match = etagOf(baseRef.current);
      if (draftCount(section, current.current, baseRef.current) > 0) {
        const saved = await save();
        if (!saved) return null;
        match = etagOf(saved);
      }
      return act(match);
    },
  });

  /** Drops those of my changes that collide with theirs and goes on from what is kept now. */
  const takeTheirs = useCallback(async () => {
    const names = new Set((conflict?.current.changes ?? []).map((item) => item.field));
    const values = Object.fromEntries(Object.entries(current.current.values).filter(([key]) => {
      const field = fieldOfProp(section, key.split('@')[0] ?? '');
      return !(field && (names.has(field.name) || names.has(fieldProp(field))));
    }));
    current.current = { ...current.current, values, touched: current.current.touched.filter((prop) => prop in values) };
    setDraft(current.current);
    setConflict(null);
    setFaults(NO_FAULTS);
    await record.refetch();
    void client.invalidateQueries({ queryKey: ['history', section.name] });
    for (const detail of section.details) void client.invalidateQueries({ queryKey: ['detail', detail.section] });
  }, [conflict, section, record, client]);

  const touchedErrors = useMemo(() => {
    const found: Record<string, string> = {};
    for (const error of answer?.errors ?? []) {
      const field = error.target ? fieldOfProp(section, error.target) : undefined;
      if (field && (draft.touched.includes(fieldProp(field)) || attempt > 0)) found[field.name] ??= error.message;
    }
    return found;
  }, [answer, draft.touched, section, attempt]);
  const touchedLines = useMemo(() => {
    const found: Faults['lines'] = {};
    for (const [name, target] of Object.entries(targets)) {
      const list = linesFaults(target, draft.details[name], lines[name], attempt > 0);
      if (Object.keys(list).length) found[name] = list;
    }
    for (const [name, list] of Object.entries(faults.lines)) {
      found[name] = { ...found[name] };
      for (const [key, fault] of Object.entries(list)) found[name][key] = { ...found[name][key], ...fault };
    }
    return found;
  }, [targets, draft.details, lines, faults.lines, attempt]);

  return {
    record, base, row, draft, dirty, count, sending: uploads.going > 0, track: uploads.track, answer, formError, may, editable, states,
    lines, faults: { ...faults, fields: { ...touchedErrors, ...faults.fields }, lines: touchedLines } as Faults,
    attempt, conflict, saving: saving || moving.isPending,
    change, changeDetail, changeLine, keepLines, save, cancel, askAgain: () => ask([]),
    move: (name: string, comment?: string) => moving.mutateAsync({ name, ...(comment ? { comment } : {}) }),
    overwrite: async () => (conflict ? conflict.again(conflict.current.etag) : null),
    takeTheirs, leaveConflict: () => setConflict(null), body: () => draftBody(current.current),
  };
}

export type Form = ReturnType<typeof useForm>;
