import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { COLUMNS, columnMapFrom, snakeCase } from './columns.ts';

const page = readFileSync(new URL('../../../../docs/import.md', import.meta.url), 'utf8');

it.each(Object.entries(COLUMNS))('%s is documented with every name that is read for it', (field, names) => {
  expect(page).toContain(`| ${field} | ${names.map((name) => `\`${name}\``).join(', ')} |`);
});

it('no column is read for two fields', () => {
  const names = Object.values(COLUMNS).flat();
  expect(names.length).toBe(new Set(names).size);
});

it('a name is the same however it is written', () => {
  for (const name of ['startTime', 'Start Time', 'start-time', ' start_time ']) {
    expect(snakeCase(name)).toBe('start_time');
  }
});

it('a field that is mapped is read from that column only', () => {
  expect(columnMapFrom('team=Cost Center').team).toEqual(['cost_center']);
  expect(columnMapFrom('user_id=who').user).toEqual(['who']);
});
