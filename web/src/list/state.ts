/** The state of a list as its address carries it. */
import type { Filter } from './filter';
import { filterDecode, filterEncode } from './filter';

export interface ListState { view: string; search: string; filters: Filter[]; sort: string[] | null }

export function stateParse(search: string): ListState {
  const params = new URLSearchParams(search);
  return {
    view: params.get('view') ?? '',
    search: params.get('q') ?? '',
    filters: params.getAll('f').map(filterDecode).filter((filter): filter is Filter => filter !== null),
    sort: params.has('sort') ? (params.get('sort') ?? '').split(',').filter((part) => /^-?[a-z][a-z0-9_.]*$/.test(part)) : null,
  };
}

export function stateText(state: ListState): string {
  const params = new URLSearchParams();
  if (state.view) params.set('view', state.view);
  if (state.search) params.set('q', state.search);
  for (const filter of state.filters) params.append('f', filterEncode(filter));
  if (state.sort) params.set('sort', state.sort.join(','));
  const text = params.toString().replaceAll('%2C', ',');
  return text ? `?${text}` : '';
}
