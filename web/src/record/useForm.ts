/** One record on its form: what is kept, the draft over it, what rules say of it, saving and moving it. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError, get, request, send } from '../api/http';
import { fieldOfProp, fieldProp } from '../api/meta';
import { etagOf, TITLES } from '../api/odata';
import type { Field, FormAnswer, Row, Section, Stale } from '../api/types';
import { errorText } from '../app/errors';
import { fieldsMissing } from './missing';
import type { DetailDraft, Draft, Faults } from './draft';
import { detailEmpty, draftBody, draftCount, draftFill, draftSet, errorsOf, faultsOf, fieldFlags, fieldInput, NO_DRAFT, NO_FAULTS } from './draft';
import { useUploads } from '../fields/uploads';
import { useT } from '../i18n';

const REST = 250;

export interface Conflict { current: Stale; again: (etag: string) => Promise<Row | null> }

export function useForm(section: Section, id: number | null, preset?: Row) {
  const t = useT();
  const client = useQueryClient();
  const existing = id !== null;
  const [draft, setDraft] = useState<Draft>(() => (preset ? { ...NO_DRAFT, values: preset, touched: Object.keys(preset) } : NO_DRAFT));
  const [shown, setShown] = useState<Row>({});
  const [faults, setFaults] = useState<Faults>(NO_FAULTS);
  const [attempt, setAttempt] = useState(0);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const [saving, setSaving] = useState(false);
  const [answer, setAnswer] = useState<FormAnswer | null>(null);
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
  const asked = useRef(0);
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

  /** Asks the server what the rules make of the draft; only the answer to the latest question counts. */
  const ask = useCallback(async (changed: string[]): Promise<void> => {
    asked.current += 1;
    const turn = asked.current;
    const sentAt = version.current;
    const body = { ...(id === null ? {} : { id }), values: draftBody(current.current), ...(changed.length ? { changed } : {}) };
    try {
      const next = await send<FormAnswer>('POST', `/ui/form/${section.name}`, body);
      if (turn !== asked.current) return;
      const newer = new Set([...changedAt.current].filter(([, at]) => at > sentAt).map(([prop]) => prop));
      const filled = draftFill(section, current.current, baseRef.current, next, newer, id !== null);
      current.current = filled.draft;
      setDraft(filled.draft);
      setShown(filled.shown);
      setAnswer(next);
      setFormError(null);
    } catch (error) {
      if (turn !== asked.current) return;
      changed.forEach((name) => pending.current.add(name));
      setFormError(error);
    }
  }, [section, id]);

  const etag = etagOf(base);
  useEffect(() => {
    if (!existing || record.data) void ask([]);
  }, [ask, existing, etag, Boolean(record.data)]);

  const timer = useRef(0);
  const askSoon = useCallback((names: string[]) => {
    names.forEach((name) => pending.current.add(name));
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      const changed = [...pending.current];
      pending.current.clear();
      void ask(changed);
    }, REST);
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

  const changeDetail = useCallback((name: string, detail: DetailDraft) => {
    version.current += 1;
    current.current = { ...current.current, details: { ...current.current.details, [name]: detail } };
    setDraft(current.current);
    setFaults((before) => {
      if (!before.lines[name]) return before;
      const lines = { ...before.lines };
      delete lines[name];
      return { ...before, lines };
    });
  }, []);

  const row: Row = useMemo(() => ({ ...base, ...shown, ...draft.values }), [base, shown, draft.values]);
  const count = draftCount(section, draft, base);
  const dirty = uploads.going > 0 || (existing ? count > 0 : draft.touched.length > 0 || Object.values(draft.details).some((detail) => !detailEmpty(detail)));
  const states = answer?.fields;
  const may = existing ? answer?.can?.update ?? section.can.update : section.can.create;

  const editable = useCallback((field: Field): boolean => (
    may && fieldInput(field) && field.writable !== false && !fieldFlags(field, states).readonly
  ), [may, states]);

  const clear = useCallback(() => {
    current.current = NO_DRAFT;
    setDraft(NO_DRAFT);
    setFaults(NO_FAULTS);
    setShown({});
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
    const found = error instanceof ApiError && (error.status === 400 || error.status === 409) && (error.body.target || error.body.details?.length)
      ? faultsOf(section, current.current, errorsOf(error.body))
      : { ...NO_FAULTS, rest: [errorText(error, t)] };
    setFaults(found);
    setAttempt((before) => before + 1);
  }, [section, t]);

  const write = useCallback(async (match: string): Promise<Row | null> => {
    const headers: Record<string, string> = { Prefer: `return=representation, ${TITLES}` };
    setSaving(true);
    try {
      // Waits until rules have answered for the last keystrokes, so that what is saved is what is seen.
      if (pending.current.size) {
        window.clearTimeout(timer.current);
        const changed = [...pending.current];
        pending.current.clear();
        await ask(changed);
      }
      const body = draftBody(current.current);
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
  }, [ask, answer, existing, section, id, settle, fail]);

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
    if (missing.length) {
      setFaults({ ...NO_FAULTS, fields: Object.fromEntries(missing.map((field) => [field.name, t('field.required')])) });
      setAttempt((before) => before + 1);
      return null;
    }
    return write(etagOf(baseRef.current));
  }, [arrived, section, shown, answer, editable, write, t]);

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

  return {
    record, base, row, draft, dirty, count, sending: uploads.going > 0, track: uploads.track, answer, formError, may, editable, states,
    faults: { ...faults, fields: { ...touchedErrors, ...faults.fields } } as Faults,
    attempt, conflict, saving: saving || moving.isPending,
    change, changeDetail, save, cancel, askAgain: () => ask([]),
    move: (name: string, comment?: string) => moving.mutateAsync({ name, ...(comment ? { comment } : {}) }),
    overwrite: async () => (conflict ? conflict.again(conflict.current.etag) : null),
    takeTheirs, leaveConflict: () => setConflict(null), body: () => draftBody(current.current),
  };
}

export type Form = ReturnType<typeof useForm>;
