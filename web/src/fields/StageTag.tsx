import type { Section } from '../api/types';
import { ColourTag } from './ColourTag';

/** Stages without a colour of their own: grey to begin, green or red in the end is for the configuration to say. */
export function StageTag({ section, stage }: { section: Section; stage: string }) {
  for (const path of section.stages) {
    const place = path.stages.findIndex((item) => item.name === stage);
    const found = path.stages[place];
    if (found) return <ColourTag label={found.label} colour={found.colour ?? (found.final ? 'grey' : null)} place={place} />;
  }
  return <ColourTag label={stage} colour="grey" />;
}
