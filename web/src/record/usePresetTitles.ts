import { useEffect } from 'react';
import { get } from '../api/http';
import { fieldOfProp } from '../api/meta';
import { queryString, rowTitle, TITLES } from '../api/odata';
import type { Row, Section } from '../api/types';

/** Finds what to show for lookups that an address preset. */
export function usePresetTitles(section: Section, preset: Row | undefined, change: (values: Row) => void): void {
  useEffect(() => {
    for (const [prop, value] of Object.entries(preset ?? {})) {
      const field = fieldOfProp(section, prop);
      if (field?.type !== 'lookup' || field.many || typeof value !== 'number') continue;
      get<Row>(`/api/${field.to}(${value})${queryString({ $select: 'id' })}`, { headers: { Prefer: TITLES } })
        .then((row) => change({ [`${field.name}@ostov.title`]: rowTitle(row) }))
        .catch(() => change({ [prop]: null }));
    }
  }, [preset, section, change]);
}
