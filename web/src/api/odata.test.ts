import { expect, test } from 'vitest';
import { searchText } from './odata';

test('words of the search that are operators of $search are quoted', () => {
  expect(searchText('ромашка')).toBe('ромашка');
  expect(searchText('a OR b NOT c')).toBe('a "OR" b "NOT" c');
  expect(searchText('"a OR b" ORDER and')).toBe('"a OR b" ORDER and');
  expect(searchText('AND AND')).toBe('"AND" "AND"');
});
