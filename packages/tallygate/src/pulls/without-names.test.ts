import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pseudonymOf } from '@tallygate/meter';
import { describe, expect, it } from 'vitest';
import { withoutNames } from './without-names.ts';

const person = { type: 'user_actor', email_address: 'jane@example.com', name: 'Jane', user_id: 'user_1' };
const key = { type: 'api_actor', api_key_name: 'janes-laptop' };
const row = (actor: object) => ({ actor, tokens: 7, amount: '1.50', model: 'claude-opus-5' });

describe('a report that may be kept', () => {
  it('names people and their keys by keyed hashes, as calls name users, and leaves ids and figures alone', () => {
    expect(withoutNames({ data: [row(person), row(key)] }, 'pepper')).toEqual({
      data: [
        row({
          ...person,
          email_address: pseudonymOf('pepper', 'jane@example.com'),
          name: pseudonymOf('pepper', 'Jane'),
        }),
        row({ ...key, api_key_name: pseudonymOf('pepper', 'janes-laptop') }),
      ],
    });
  });

  it('numbers them without a key: as many rows as before, and the same one twice is the same', () => {
    const { data } = withoutNames({ data: [row(person), row(key), row(person)] }, null) as {
      data: { actor: Record<string, string> }[];
    };
    expect(data.map(({ actor }) => actor['email_address'] ?? actor['api_key_name'])).toEqual([
      'withheld 1',
      'withheld 3',
      'withheld 1',
    ]);
  });

  it.each([
    ['an address where none is documented', { note: 'asked by jane@example.com' }],
    ['an address in a list', { notes: [['x'], 'jane@example.com'] }],
    ['a secret', { hint: 'sk-ant-api03-abcdef' }],
    ['a subject of another identity provider', { provider: { type: 'oidc' }, subject: 'jane' }],
  ])('holds nowhere %s', (_case, fields) => {
    for (const pepper of ['pepper', null])
      expect(JSON.stringify(withoutNames({ data: [fields] }, pepper))).not.toMatch(/jane|sk-ant/);
  });

  it('says nothing of people in any documented example', () => {
    const folder = new URL('../../../../../shared/admin-api-samples/', import.meta.url);
    if (!existsSync(fileURLToPath(folder))) return;
    for (const name of ['analytics-cost-list_by_user.json', 'usage_report-retrieve_claude_code.json']) {
      const text = readFileSync(new URL(name, folder), 'utf8');
      expect(text).toMatch(/@/);
      expect(JSON.stringify(withoutNames(JSON.parse(text), 'pepper'))).not.toMatch(/@|Jane/);
    }
  });
});
