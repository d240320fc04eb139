import type { APIRequest } from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import { customIdHash, factsOfBatch, otherModels, readBatchRequests } from './batch-request.ts';
import { readBatchState } from './batch-state.ts';
import { itemEventId } from './item-event.ts';
import { readItemResult } from './item-result.ts';

const asked = (body: unknown) =>
  readBatchRequests({ body: typeof body === 'string' ? body : JSON.stringify(body) } as APIRequest);
const item = (customId: string, model = 'claude-haiku-5-5') => ({
  custom_id: customId,
  params: { model, max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] },
});

describe('the requests of a batch', () => {
  it('are read one by one, and summed for the hold', () => {
    const items = asked({ requests: [item('a'), item('b', 'claude-opus-5-5'), item('c')] }) ?? [];
    expect(items.map(({ customId, facts }) => [customId, facts.model, facts.maxOutputTokens])).toEqual([
      ['a', 'claude-haiku-5-5', 100],
      ['b', 'claude-opus-5-5', 100],
      ['c', 'claude-haiku-5-5', 100],
    ]);
    expect(factsOfBatch(items)).toMatchObject({ model: 'claude-haiku-5-5', maxOutputTokens: 300 });
    expect(otherModels(items, 'claude-haiku-5-5', (id) => `#${id}`)).toEqual({ '#b': 'claude-opus-5-5' });
  });

  it.each([
    ['no JSON', '{'],
    ['no requests', {}],
    ['requests that are no list', { requests: {} }],
    ['a request that is no object', { requests: [item('a'), 7] }],
    ['a request without an id', { requests: [{ params: {} }] }],
    ['a request without parameters', { requests: [{ custom_id: 'a' }] }],
  ])('are left to the provider to refuse: %s', (_what, body) => {
    expect(asked(body)).toBeNull();
  });
});

describe('custom ids', () => {
  it('are hashed by batch, and by the pseudonym key where there is one', () => {
    const hashes = [
      customIdHash(null, 'batch-1')('anna@example.org'),
      customIdHash(null, 'batch-2')('anna@example.org'),
      customIdHash('key', 'batch-1')('anna@example.org'),
      customIdHash('other key', 'batch-1')('anna@example.org'),
    ];
    expect(new Set(hashes).size).toBe(4);
    for (const hash of hashes) expect(hash).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(customIdHash('key', 'batch-1')('anna@example.org')).toBe(hashes[2]);
  });

  it('give ids of items that need no key, so that readers with different keys count an item once', () => {
    expect(itemEventId('msgbatch_1', 'item-1')).toBe(itemEventId('msgbatch_1', 'item-1'));
    expect(itemEventId('msgbatch_1', 'item-1')).not.toBe(itemEventId('msgbatch_1', 'item-2'));
    expect(itemEventId('msgbatch_1', 'item-1')).not.toBe(itemEventId('msgbatch_2', 'item-1'));
  });
});

describe('a line of results', () => {
  it('tells what is free from what may be billed', () => {
    const line = (result: unknown) => readItemResult({ custom_id: 'a', result });
    const error = { type: 'error', error: { type: 'api_error', message: 'no' } };
    expect(line({ type: 'errored', error })).toMatchObject({ mayBeBilled: false, errorCode: 'api_error' });
    expect(line({ type: 'errored' })).toMatchObject({ mayBeBilled: false, errorCode: 'error' });
    expect(line({ type: 'canceled' })).toMatchObject({ mayBeBilled: false, errorCode: 'canceled' });
    expect(line({ type: 'expired' })).toMatchObject({ mayBeBilled: false, errorCode: 'expired' });
    expect(line({ type: 'succeeded', message: { usage: {} } })).toMatchObject({ mayBeBilled: true });
    expect(line({ type: 'something new' })).toMatchObject({ mayBeBilled: true, errorCode: null });
  });

  it.each([[null], [[]], [{}], [{ custom_id: 1, result: {} }], [{ custom_id: 'a', result: 'x' }]])(
    '%j is none',
    (line) => {
      expect(readItemResult(line)).toBeNull();
    },
  );
});

describe('the state of a batch', () => {
  const batch = { id: 'msgbatch_1', type: 'message_batch', created_at: '2026-11-20T12:00:00Z' };

  it('has an end and a count only once it has ended', () => {
    const counts = { request_counts: { succeeded: 3 }, ended_at: '2026-11-20T13:00:00Z' };
    expect(readBatchState({ ...batch, processing_status: 'in_progress', ...counts })).toEqual({
      batchId: 'msgbatch_1',
      createdAtMs: Date.UTC(2026, 10, 20, 12),
      endedAtMs: null,
      succeeded: null,
    });
    expect(readBatchState({ ...batch, processing_status: 'ended', ...counts })).toMatchObject({
      endedAtMs: Date.UTC(2026, 10, 20, 13),
      succeeded: 3,
    });
  });

  it('without readable instants and counts claims none: no count is not a count of zero', () => {
    const odd = { ...batch, created_at: 'soon', processing_status: 'ended', ended_at: null };
    expect(readBatchState(odd)).toMatchObject({ createdAtMs: null, endedAtMs: null, succeeded: null });
    for (const other of [null, 'x', { type: 'message_batch' }, { type: 'error', id: 'x' }])
      expect(readBatchState(other)).toBeNull();
  });
});
