import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryGate } from '@tallygate/gate';
import { answerRemoteCall, connectRemote, type RemoteBackend } from '@tallygate/remote';
import { type BudgetGate, toWireJson } from '@tallygate/usage';
import { afterEach } from 'vitest';
import { describeBudgetGate } from './budget-gate.contract.ts';
import { describeGateModel } from './budget-gate.model.ts';
import { BUCKET_MS, type OpenGate, RECORD_GRACE_MS, START_MS } from './gate-fixtures.ts';

/** The gate in process, asked over a unix socket: whoever holds the port must not be able to tell. */
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const notAsked = () => Promise.reject(new Error('only the gate is asked'));
const noLedger: Omit<RemoteBackend, 'gate'> = {
  destination: { store: notAsked },
  history: {
    spend: notAsked,
    usage: notAsked,
    counts: notAsked,
    unknownUsage: notAsked,
    estimates: notAsked,
    settledTotals: notAsked,
    settlementGaps: notAsked,
    usagePage: notAsked,
    knownEvents: notAsked,
    lastReports: notAsked,
    saveReport: notAsked,
    lastConfigVersion: notAsked,
    denial: notAsked,
    configVersion: notAsked,
    saveConfigVersion: notAsked,
    recordAlert: notAsked,
    endAlert: notAsked,
    sentAlerts: notAsked,
    reportVersions: { append: notAsked, newest: notAsked, list: notAsked, read: notAsked },
    appendFinanceRecord: notAsked,
    financeRecords: notAsked,
  },
  batchOwners: {
    put: notAsked,
    get: notAsked,
    markEnded: notAsked,
    countedItems: notAsked,
    markItemsCounted: notAsked,
  },
};

async function serve(gate: BudgetGate): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tg-contract-'));
  const socketPath = join(folder, 's.sock');
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { status, body } = await answerRemoteCall(
      { gate, ...noLedger },
      request.url ?? '',
      JSON.parse(text),
    );
    response.writeHead(status, { 'content-type': 'application/json' }).end(toWireJson(body));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return socketPath;
}

const openGate: OpenGate = async (organization, { startMs = START_MS, ...conditions }) => {
  let nowMs = startMs;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const bounds = { bucketMs: BUCKET_MS, recordGraceMs: RECORD_GRACE_MS };
  const socketPath = await serve(createMemoryGate({ organization, clock, ...bounds, ...conditions }));
  // The machine of a test may be busy; deadlines have tests of their own.
  const remote = connectRemote({ address: { socketPath }, timeouts: { gateMs: 30_000 } });
  cleanUps.push(() => remote.close());
  return {
    gate: remote.gate,
    organization,
    nowMs: () => nowMs,
    advanceMs: async (durationMs) => {
      nowMs += durationMs;
    },
  };
};

describeBudgetGate('gate of another process', openGate);
describeGateModel('gate of another process', openGate, { runs: 30, operations: 80 });
