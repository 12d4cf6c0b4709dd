import { useDark } from '../app/theme';
import { DARK, LIGHT, paletteName } from './palette';

export function ColourTag({ label, colour, place = 0 }: { label: string; colour?: string | null | undefined; place?: number }) {
  const dark = useDark();
  const shade = (dark ? DARK : LIGHT)[paletteName(colour, place)];
  return <span className="colour-tag" style={{ color: shade?.text, background: shade?.back }}>{label}</span>;
}
