import { fieldProp } from '../api/meta';
import type { Field, FieldState, Row, Section } from '../api/types';
import { fieldFlags } from './draft';

/** Fields that must be filled before saving and are not. */
export function fieldsMissing(section: Section, row: Row, states: Record<string, FieldState> | undefined, editable: (field: Field) => boolean): Field[] {
  return section.fields.filter((field) => {
    const flags = fieldFlags(field, states);
    if (!flags.required || flags.hidden || !editable(field) || field.type === 'boolean') return false;
    const value = row[fieldProp(field)];
    return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  });
}
