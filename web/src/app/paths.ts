/** Addresses of pages. */

export const listPath = (section: string, search = ''): string => `/s/${section}${search}`;
export const recordPath = (section: string, id: number | string): string => `/s/${section}/${id}`;
export const newPath = (section: string, preset?: Record<string, string | number>): string => {
  const query = preset ? new URLSearchParams(Object.entries(preset).map(([key, value]) => [key, String(value)])).toString() : '';
  return `/s/${section}/new${query ? `?${query}` : ''}`;
};
export const importPath = (section: string, job?: number): string => `/s/${section}/import${job ? `/${job}` : ''}`;
export const settingsPath = (part?: string): string => `/settings${part ? `/${part}` : ''}`;
