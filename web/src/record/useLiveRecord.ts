/** A record's page that hears what others change: a page without a draft shows it at once, one with a draft says so and keeps what was typed. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ApiError, get } from '../api/http';
import { fieldProp } from '../api/meta';
import { etagOf, sameValue, TITLES } from '../api/odata';
import type { Row, Section } from '../api/types';
import { useCalm, useFresh, useLive } from '../live/useLive';
import type { Form } from './useForm';

const PAUSE = 1_000;

export type News = 'none' | 'changed' | 'gone';

export function useLiveRecord(section: Section, id: number | null, form: Form): { news: News; fresh: ReadonlySet<string> } {
  const client = useQueryClient();
  const [news, setNews] = useState<News>('none');
  const [fresh, freshen] = useFresh<string>();
  const now = useRef(form);
  now.current = form;
  const etag = etagOf(form.base);
  useEffect(() => setNews('none'), [etag, id]);

  const look = useCalm(() => {
    void (async () => {
      if (id === null) return;
      const before = now.current.base;
      let next: Row;
      try {
        next = await get<Row>(`/api/${section.name}(${id})`, { headers: { Prefer: TITLES } });
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) setNews('gone');
        return;
      }
      const { base, dirty, saving } = now.current;
      // An answer of our own came meanwhile: what it brought is asked about again.
      if (saving || etagOf(base) !== etagOf(before)) {
        look();
        return;
      }
      for (const key of [['history', section.name, id], ...section.details.map((detail) => ['detail', detail.section])]) void client.invalidateQueries({ queryKey: key });
      if (etagOf(next) === etagOf(base)) {
        // A tick on the checklist leaves the record as it is.
        if (!dirty && now.current.answer?.tasks?.length) void now.current.askAgain();
        return;
      }
      if (dirty) {
        setNews('changed');
        return;
      }
      client.setQueryData(['record', section.name, id], next);
      freshen(section.fields.filter((field) => !field.builtin && !sameValue(base[fieldProp(field)], next[fieldProp(field)])).map((field) => field.name));
    })();
  }, PAUSE);

  useLive(id !== null && form.record.data ? section.name : null, id === null ? [] : [id], (event) => {
    if (event === null || event.changed.length) look();
    if (event?.gone.length) setNews('gone');
  });
  return { news, fresh };
}
