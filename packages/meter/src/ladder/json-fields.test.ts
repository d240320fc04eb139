import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withFields } from './json-fields.ts';

describe('a JSON object with other values for some of its fields', () => {
  it('is what parsing, changing and writing it would give, whatever it holds', () => {
    const value = fc.jsonValue();
    const object = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('max_tokens', 'model', 'speed')),
      value,
      {
        noNullPrototype: true,
      },
    );
    fc.assert(
      fc.property(object, fc.constantFrom(0, 1, 3), fc.nat(), (body, indent, maxTokens) => {
        const text = JSON.stringify(body, null, indent);
        const parsed = JSON.parse(text) as Record<string, unknown>;
        const values = { max_tokens: maxTokens, model: 'cheaper "one"\\' };
        const expected = { ...parsed };
        for (const [name, to] of Object.entries(values)) if (Object.hasOwn(parsed, name)) expected[name] = to;
        expect(JSON.parse(withFields(text, values))).toEqual(expected);
        expect(withFields(text, {})).toBe(text);
      }),
    );
  });

  it('keeps every other byte, a number that JavaScript cannot hold too', () => {
    const text = (tokens: string) =>
      `{ "messages":[{"content":"say \\"max_tokens\\": 9, {\\\\"}],\n "max_tokens" :${tokens},"id": 9007199254740993 }`;
    expect(withFields(text(' 8192'), { max_tokens: 1024, speed: 'standard' })).toBe(text('1024'));
  });

  it('leaves fields of the same name further inside alone, and changes one that stands twice', () => {
    const text = '{"model":"a","tools":[{"model":"a"}],"mod\\u0065l":"b"}';
    expect(withFields(text, { model: 'c' })).toBe('{"model":"c","tools":[{"model":"a"}],"mod\\u0065l":"c"}');
  });
});
