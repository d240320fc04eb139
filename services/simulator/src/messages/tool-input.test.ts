import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { toolInput } from './tool-input.ts';

const inputFor = (schema: unknown, seed = 'seed') => toolInput(schema, createRandom(seed));
const objectOf = (properties: Record<string, unknown>) => ({ type: 'object', properties });

describe('the arguments of a tool call', () => {
  it.each([
    [{ const: 7 }, 7],
    [{ enum: ['only'] }, 'only'],
    [{ type: 'null' }, null],
    [{ type: 'array' }, []],
    [{ type: 'array', items: { const: 1 } }, [1]],
    [{ anyOf: [{ const: 'first' }, { type: 'null' }] }, 'first'],
    [{ oneOf: [{ const: 'one' }] }, 'one'],
    [{ type: ['null', 'string'] }, null],
    [{ type: 'integer', minimum: 3, maximum: 3 }, 3],
    [objectOf({ deep: { const: true } }), { deep: true }],
  ])('fit %j', (property, expected) => {
    expect(inputFor(objectOf({ property }))).toEqual({ property: expected });
  });

  it.each([undefined, null, 'text', [], { type: 'string' }, {}])(
    'are empty for %j, which describes no object',
    (schema) => {
      expect(inputFor(schema)).toEqual({});
    },
  );

  it('stay within the bounds of a number', () => {
    const bounds = fc.tuple(fc.integer({ min: -999, max: 999 }), fc.nat({ max: 999 }));
    fc.assert(
      fc.property(bounds, fc.string(), ([minimum, width], seed) => {
        const maximum = minimum + width;
        const count = Number(
          inputFor(objectOf({ count: { type: 'integer', minimum, maximum } }), seed)['count'],
        );
        return Number.isInteger(count) && count >= minimum && count <= maximum;
      }),
      { seed: 20261121 },
    );
  });

  it('end, for a schema that nests without end', () => {
    const endless: Record<string, unknown> = { type: 'object' };
    endless['properties'] = { again: endless };
    expect(JSON.stringify(inputFor(endless)).match(/again/g)).toHaveLength(7);
  });
});
