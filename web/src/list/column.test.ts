import { describe, expect, it } from 'vitest';
import type { Meta } from '../api/types';
import { columnOf, columnRow, columnsQuery } from './column';

const meta = { sections: {
  order: { name: 'order', fields: [{ name: 'number', label: 'Number', type: 'text' }, { name: 'customer', label: 'Customer', type: 'lookup', to: 'customer' }, { name: 'sum', label: 'Sum', type: 'money', currency: 'coin' }, { name: 'coin', label: 'Coin', type: 'text' }] },
  customer: { name: 'customer', fields: [{ name: 'city', label: 'City', type: 'text' }, { name: 'owner', label: 'Owner', type: 'lookup', to: 'user' }] },
  user: { name: 'user', fields: [{ name: 'phone', label: 'Phone', type: 'phone' }] },
} } as unknown as Meta;
const order = meta.sections.order!;

describe('columns', () => {
  it('follow lookups by a path', () => {
    const column = columnOf(meta, order, 'customer.owner.phone')!;
    expect(column.label).toBe('Customer, Owner: Phone');
    expect(columnRow(column, { customer: { owner: { phone: '1' } } })).toEqual({ phone: '1' });
    expect(columnRow(column, { customer: null })).toEqual({});
    expect(columnOf(meta, order, 'number.city')).toBeUndefined();
    expect(columnOf(meta, order, 'customer.gone')).toBeUndefined();
  });
  it('ask for no more than they show', () => {
    const columns = ['number', 'customer', 'customer.city', 'customer.owner.phone', 'sum'].map((name) => columnOf(meta, order, name)!);
    expect(columnsQuery(columns)).toEqual({
      $select: 'id,number,customer_id,sum,coin', $expand: 'customer($select=id,city;$expand=owner($select=id,phone))' });
  });
});
