/** What may be done to several records at once. */
import type { Field, Move, Row, Section } from '../api/types';
import { fieldInput } from '../record/draft';

/** As many as the server changes at once. */
export const MOST_SELECTED = 1000;

export function bulkFields(section: Section): Field[] {
  return section.fields.filter((field) => fieldInput(field) && field.writable !== false && field.readonly !== true && field.type !== 'file');
}

/** Moves that may lead somewhere from at least one of the records; one that is not loaded may stand anywhere. */
export function bulkMoves(section: Section, selected: number[], rows: Map<number, Row>): Move[] {
  const stages = new Set(selected.map((id) => rows.get(id)?.stage));
  return section.moves.filter((move) => move.may !== false && (!selected.length || stages.has(undefined) || move.from.some((stage) => stages.has(stage))));
}

/** Whether choosing records leads to anything. */
export function bulkPossible(section: Section): boolean {
  return section.can.delete || section.moves.some((move) => move.may !== false) || (section.can.update && bulkFields(section).length > 0);
}
