import { describe, expect, it } from 'vitest';
import { type BucketRange, readBucketPages } from './bucket-pages.ts';
import { bucket, DAY_MS, FROM_MS, lastPage } from './testing/fake-provider.ts';

const range: BucketRange = {
  report: 'cost_report',
  fromMs: FROM_MS,
  toMs: FROM_MS + 4 * DAY_MS,
  widthMs: DAY_MS,
  overUntilMs: FROM_MS + 4 * DAY_MS,
};
const days = [0, 1, 2, 3].map((day) => bucket(FROM_MS + day * DAY_MS));
const [first, second, third, fourth] = days;

/** Serves the pages in turn, whatever cursor is sent. */
function read(...pages: unknown[]) {
  return readUntil(range.overUntilMs, ...pages);
}

function readUntil(overUntilMs: number, ...pages: unknown[]) {
  const cursors: (string | null)[] = [];
  const result = readBucketPages({ ...range, overUntilMs }, async (cursor) => {
    cursors.push(cursor);
    if (cursors.length > pages.length) throw new Error('asked beyond the last page');
    return pages[cursors.length - 1];
  });
  return { cursors, result };
}

describe('a report that ends well', () => {
  it('is all its buckets, over all its pages, cursors passed on as they came', async () => {
    const { cursors, result } = read(
      { data: [first, second], has_more: true, next_page: 'page_A' },
      { data: [third], has_more: true, next_page: 'page_B' },
      lastPage([fourth]),
    );
    expect((await result).map(({ startMs }) => startMs)).toEqual(
      days.map((_, day) => FROM_MS + day * DAY_MS),
    );
    expect(cursors).toEqual([null, 'page_A', 'page_B']);
  });

  it('may leave next_page out on the last page', async () => {
    await expect(read({ data: days, has_more: false }).result).resolves.toHaveLength(4);
  });

  it('keeps idle days as empty buckets', async () => {
    expect((await read(lastPage(days)).result).every(({ results }) => results.length === 0)).toBe(true);
  });

  it('may lack buckets that are not over, and says so of them; one that is over is never lacking', async () => {
    const found = await readUntil(FROM_MS + 3 * DAY_MS, lastPage([first, second, third])).result;
    expect(found.map(({ startMs, isPending }) => [startMs, isPending])).toEqual([
      ...days.slice(0, 3).map((_, day) => [FROM_MS + day * DAY_MS, false]),
      [FROM_MS + 3 * DAY_MS, true],
    ]);
    await expect(readUntil(FROM_MS + 3 * DAY_MS, lastPage([first, second])).result).rejects.toMatchObject({
      code: 'TALLYGATE_REPORT_MALFORMED',
    });
  });

  it('may name an empty next page where it ends', async () => {
    await expect(read({ data: days, has_more: false, next_page: '' }).result).resolves.toHaveLength(4);
  });

  it('is read from instants with an offset and with milliseconds too', async () => {
    const written = { ...first, starting_at: '2026-11-01T01:00:00.000+01:00' };
    await expect(read(lastPage([written, second, third, fourth])).result).resolves.toHaveLength(4);
  });
});

describe('a report that ends badly is refused whole', () => {
  const goesOn = { has_more: true, next_page: 'page_A' };
  const shifted = bucket(FROM_MS + DAY_MS / 2);
  const hour = bucket(FROM_MS, [], 3_600_000);
  it.each<[string, unknown[]]>([
    ['no has_more', [{ data: days, next_page: null }]],
    ['has_more that is not a boolean', [{ data: days, has_more: 'false', next_page: null }]],
    ['has_more without next_page', [{ data: [first], has_more: true, next_page: null }]],
    ['has_more with next_page left out', [{ data: [first], has_more: true }]],
    ['has_more with an empty next_page', [{ data: [first], has_more: true, next_page: '' }]],
    ['an end that names a next page', [{ data: days, has_more: false, next_page: 'page_A' }]],
    [
      'a cursor that comes again',
      [
        { data: [first], ...goesOn },
        { data: [second], ...goesOn },
      ],
    ],
    ['a page without buckets that goes on', [{ data: [], ...goesOn }]],
    ['an end before the range ends', [lastPage([first, second, third])]],
    ['no bucket at all', [lastPage([])]],
    ['a missing bucket', [lastPage([first, third, fourth])]],
    ['a missing first bucket', [lastPage([second, third, fourth])]],
    ['a bucket twice', [lastPage([first, first, second, third, fourth])]],
    ['a page twice', [{ data: [first], ...goesOn }, lastPage(days)]],
    ['buckets out of order', [lastPage([second, first, third, fourth])]],
    ['a bucket past the range', [lastPage([...days, bucket(FROM_MS + 4 * DAY_MS)])]],
    ['a bucket off its boundary', [lastPage([shifted])]],
    ['a bucket of another width', [lastPage([hour])]],
    ['a bucket without results', [lastPage([{ ...first, results: undefined }])]],
    ['an instant that is a number', [lastPage([{ ...first, starting_at: FROM_MS }])]],
    ['an instant without a zone', [lastPage([{ ...first, starting_at: '2026-11-01T00:00:00' }])]],
    ['no data', [{ has_more: false, next_page: null }]],
    ['a body that is text', ['<html>gateway</html>']],
    ['a body that is null', [null]],
  ])('%s', async (_fault, pages) => {
    await expect(read(...pages).result).rejects.toMatchObject({ code: 'TALLYGATE_REPORT_MALFORMED' });
  });

  it('says which report it was and what was found', async () => {
    await expect(read(lastPage([first, third])).result).rejects.toThrow(
      "The provider's cost_report holds the bucket 2026-11-03T00:00:00.000Z to 2026-11-04T00:00:00.000Z " +
        'where 2026-11-02T00:00:00.000Z was due.',
    );
  });
});
