/** Eight colours for tags; each pair holds a contrast of at least 4.5 (palette.test.ts measures it). */

export interface Shade { text: string; back: string }

export const LIGHT: Record<string, Shade> = {
  grey: { text: '#45505c', back: '#e9ecf0' },
  blue: { text: '#1f4f86', back: '#dfebf8' },
  green: { text: '#1f5f35', back: '#dcf1e2' },
  amber: { text: '#744800', back: '#fcecc7' },
  red: { text: '#99231f', back: '#fbe2e0' },
  purple: { text: '#5b3796', back: '#ebe3f8' },
  teal: { text: '#0b5a5e', back: '#d6f0f0' },
  pink: { text: '#8d2160', back: '#fae1ef' },
};

export const DARK: Record<string, Shade> = {
  grey: { text: '#c8d0d9', back: '#333a42' },
  blue: { text: '#a9cdf3', back: '#1f3853' },
  green: { text: '#a3dcb4', back: '#1d3e29' },
  amber: { text: '#f0cf8a', back: '#463513' },
  red: { text: '#f6b3af', back: '#512523' },
  purple: { text: '#d0bdf4', back: '#3a2c57' },
  teal: { text: '#98dade', back: '#153f42' },
  pink: { text: '#f1b3d4', back: '#4d2239' },
};

export const NAMES = Object.keys(LIGHT);

const ALIASES: Record<string, string> = {
  gray: 'grey', silver: 'grey', orange: 'amber', yellow: 'amber', gold: 'amber', violet: 'purple', magenta: 'pink', cyan: 'teal', lime: 'green', brown: 'amber',
};

/** The palette's name for a colour as a configuration writes it; none given: by place, so that neighbours differ. */
export function paletteName(colour: string | null | undefined, place: number): string {
  const name = colour ? ALIASES[colour] ?? colour : '';
  if (LIGHT[name]) return name;
  return NAMES[place % NAMES.length] ?? 'grey';
}
