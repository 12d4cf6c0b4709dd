import { expect, test } from 'vitest';
import { menuLetters } from './letters';

test('letters of a folded menu tell its sections apart', () => {
  expect(menuLetters(['Products', 'Product lines', 'Prices', 'Property', 'Purchase orders', 'Price orders'])).toEqual(['Pr', 'PL', 'Pi', 'Po', 'PO', 'Pc']);
  expect(menuLetters(['Товары', 'Тесты', 'Входящие заказы', 'Выставки'])).toEqual(['То', 'Те', 'ВЗ', 'Вы']);
  expect(menuLetters(['A', 'A', ''])).toEqual(['A', 'A', '']);
});
