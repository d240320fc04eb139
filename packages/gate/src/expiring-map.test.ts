import { expect, test } from 'vitest';
import { createExpiringMap } from './expiring-map.ts';

test('an entry is kept until its time, and forgotten at most a group later', () => {
  const map = createExpiringMap<string>(100);
  map.put('a', 'kept', 250);
  map.forgetBefore(250);
  expect(map.get('a')).toBe('kept');
  map.forgetBefore(350);
  expect(map.get('a')).toBeUndefined();
  expect(map.size).toBe(0);
});

test('a later value replaces the earlier one and can only be kept longer', () => {
  const map = createExpiringMap<number>(100);
  map.put('a', 1, 500);
  map.put('a', 2, 100);
  map.forgetBefore(400);
  expect(map.get('a')).toBe(2);
  map.put('a', 3, 900);
  map.forgetBefore(800);
  expect(map.get('a')).toBe(3);
  expect(map.size).toBe(1);
});

test('an entry that was deleted is gone at once, and one that takes its place is kept for its own time', () => {
  const map = createExpiringMap<number>(100);
  map.put('a', 1, 500);
  map.delete('a');
  expect(map.get('a')).toBeUndefined();
  map.put('a', 2, 900);
  map.forgetBefore(500);
  expect(map.get('a')).toBe(2);
  map.delete('never put');
  expect(map.size).toBe(1);
});
