import type { APIRequest } from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import { batchRoute } from './batch-routes.ts';

const BATCHES = 'https://api.anthropic.com/v1/messages/batches';
const route = (method: string, url: string) => batchRoute({ method, url } as APIRequest);

describe('what a request does to batches', () => {
  it.each([
    ['POST', BATCHES, { kind: 'create' }],
    ['POST', `${BATCHES}?beta=true`, { kind: 'create' }],
    ['get', `${BATCHES}/msgbatch_1`, { kind: 'state', batchId: 'msgbatch_1' }],
    ['GET', 'http://127.0.0.1:9/prefix/v1/messages/batches/a%20b', { kind: 'state', batchId: 'a b' }],
    ['POST', `${BATCHES}/msgbatch_1/cancel?beta=true`, { kind: 'state', batchId: 'msgbatch_1' }],
    ['GET', `${BATCHES}/msgbatch_1/results`, { kind: 'results', batchId: 'msgbatch_1' }],
    ['DELETE', `${BATCHES}/msgbatch_1`, { kind: 'delete', batchId: 'msgbatch_1' }],
    ['GET', `${BATCHES}/%E0%A4%A/results`, { kind: 'results', batchId: '%E0%A4%A' }],
  ])('%s %s', (method, url, expected) => {
    expect(route(method, url)).toEqual(expected);
  });

  it.each([
    ['GET', BATCHES],
    ['GET', `${BATCHES}?limit=20`],
    ['POST', `${BATCHES}/msgbatch_1/results`],
    ['GET', `${BATCHES}/msgbatch_1/cancel`],
    ['DELETE', `${BATCHES}/msgbatch_1/results`],
    ['POST', 'https://api.anthropic.com/v1/messages'],
    ['GET', 'https://api.anthropic.com/v1/messages/batches-of-mine/x'],
    ['GET', 'https://api.anthropic.com/v1/files/batches/x'],
  ])('%s %s is none of it', (method, url) => {
    expect(route(method, url)).toBeNull();
  });
});
