import { describe, expect, it } from 'vitest';
import { pseudonymOf } from './pseudonym.ts';
import { stablePrefixOf } from './stable-prefix.ts';

const KEY = 'k'.repeat(32);
const TOOL = { name: 'look', input_schema: { type: 'object', properties: { id: { type: 'string' } } } };
const SYSTEM = 'You answer tickets.';
const hashOf = (body: object, key: string | null = KEY) => stablePrefixOf(body, key).hash;

describe('the stable prefix', () => {
  it('is the same for the same tools and system, whatever the rest of the request says', () => {
    const body = { tools: [TOOL], system: SYSTEM };
    expect(hashOf({ ...body, messages: [1], model: 'a' })).toBe(
      hashOf({ ...body, messages: [2], model: 'b' }),
    );
    expect(hashOf(body)).toMatch(/^[\w-]{22}$/);
  });

  it('differs as soon as the provider’s cache would: by text, by order of tools, by order of names in a tool', () => {
    const other = { ...TOOL, name: 'find' };
    const turned = { input_schema: TOOL.input_schema, name: TOOL.name };
    const hashes = [
      { system: SYSTEM },
      { system: `${SYSTEM} ` },
      { tools: [TOOL], system: SYSTEM },
      { tools: [TOOL, other], system: SYSTEM },
      { tools: [other, TOOL], system: SYSTEM },
      { tools: [turned], system: SYSTEM },
    ].map((body) => hashOf(body));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('is the same with breakpoints and without, as text and as blocks: an application may begin to cache it', () => {
    const cache_control = { type: 'ephemeral', ttl: '1h' };
    const plain = { tools: [TOOL], system: SYSTEM };
    const caching = {
      tools: [{ ...TOOL, cache_control }],
      system: [{ type: 'text', text: SYSTEM, cache_control }],
    };
    expect(stablePrefixOf(caching, KEY)).toEqual(stablePrefixOf(plain, KEY));
  });

  it('counts bytes, not characters', () => {
    const [ascii, wide] = ['aaaa', 'éééé'].map((system) => stablePrefixOf({ system }, KEY).bytes ?? 0);
    expect((wide ?? 0) - (ascii ?? 0)).toBe(4);
  });

  it('has a length but no hash without a key, and cannot be taken for a user under the same key', () => {
    const { bytes } = stablePrefixOf({ system: SYSTEM }, KEY);
    expect(stablePrefixOf({ system: SYSTEM }, null)).toEqual({ hash: null, bytes });
    const text = JSON.stringify({ tools: [], system: [{ type: 'text', text: SYSTEM }] });
    expect(Buffer.byteLength(text)).toBe(bytes);
    expect(hashOf({ system: SYSTEM })).not.toBe(pseudonymOf(KEY, text));
    expect(hashOf({ system: SYSTEM })).not.toBe(hashOf({ system: SYSTEM }, 'another key'));
  });

  it.each([
    ['nothing', {}],
    ['empty ones', { tools: [], system: '' }],
    ['no list and no text', { tools: 'x', system: 7 }],
  ])('is empty where the request has %s', (_title, body) => {
    expect(stablePrefixOf(body, KEY)).toEqual({ hash: null, bytes: 0 });
  });

  it('is not looked at beyond a million characters, in text or in tools', () => {
    const long = 'x'.repeat(2 ** 20 + 1);
    const unseen = { hash: null, bytes: null };
    expect(stablePrefixOf({ system: long }, KEY)).toEqual(unseen);
    expect(stablePrefixOf({ tools: [{ ...TOOL, description: long }] }, KEY)).toEqual(unseen);
    expect(stablePrefixOf({ system: long.slice(100) }, KEY).hash).not.toBeNull();
  });
});
