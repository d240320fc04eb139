import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { BATCH_ID, ENDED_AT, ITEMS } from '../meter/batch-rig.ts';

/** A provider over HTTP with one batch, which has ended the moment it is created. @returns its URL. */
export async function startBatchProvider(): Promise<string> {
  const server = createServer((request, response) => {
    const url = `http://${request.headers.host}/v1/messages/batches/${BATCH_ID}/results`;
    if (request.url?.endsWith('/results')) {
      response.setHeader('content-type', 'application/x-jsonl');
      return void response.end(ITEMS.map((item) => JSON.stringify(item)).join('\n'));
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...BATCH, results_url: url }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const BATCH = {
  id: BATCH_ID,
  type: 'message_batch',
  processing_status: 'ended',
  created_at: '2026-11-20T12:00:00.500Z',
  ended_at: ENDED_AT,
  expires_at: '2026-11-21T12:00:00.500Z',
  archived_at: null,
  cancel_initiated_at: null,
  request_counts: { processing: 0, succeeded: 2, errored: 0, canceled: 0, expired: 0 },
};
