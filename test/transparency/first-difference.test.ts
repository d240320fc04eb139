import { expect, it } from 'vitest';
import { firstDifference } from './first-difference.ts';

class Answer {
  text = 'hello';
}

const hidden = Object.defineProperty({}, 'id', { value: 1, enumerable: false, configurable: true });

it.each<[string, unknown, unknown]>([
  ['another value', { a: [1, { b: 'x' }] }, { a: [1, { b: 'y' }] }],
  ['undefined instead of missing', { a: 1, b: undefined }, { a: 1 }],
  ['another class', new Answer(), { text: 'hello' }],
  ['another class of error', new TypeError('x'), new RangeError('x')],
  ['another message', new TypeError('x'), new TypeError('y')],
  ['another cause', new Error('x', { cause: 'a' }), new Error('x', { cause: 'b' })],
  ['a property that now enumerates', hidden, { id: 1 }],
  ['another order of properties', { a: 1, b: 2 }, { b: 2, a: 1 }],
  ['other bytes', new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  ['bytes of another class', new Uint8Array([1]), Buffer.from([1])],
  ['other headers', new Headers({ a: '1' }), new Headers({ a: '2' })],
  ['a value instead of null', { a: null }, { a: {} }],
  ['minus zero', 0, -0],
])('tells apart: %s', (_what, left, right) => {
  expect(firstDifference(left, right)).not.toBeNull();
});

it.each<[string, () => unknown]>([
  ['nested values', () => ({ a: [1, { b: [null, undefined, Number.NaN] }] })],
  ['errors with causes', () => new Error('x', { cause: new TypeError('y') })],
  ['bytes', () => new Uint8Array([1, 2, 3])],
  ['headers', () => new Headers({ a: '1' })],
  ['instances', () => new Answer()],
])('finds no difference between the same: %s', (_what, make) => {
  expect(firstDifference(make(), make())).toBeNull();
});

it('names the place', () => {
  expect(firstDifference({ a: [1, { b: 'x' }] }, { a: [1, { b: 'y' }] })).toBe('it.a.1.b: "x" became "y"');
});
