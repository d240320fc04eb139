import {
  emptyConfiguration,
  type Logger,
  type ReserveRequest,
  silentLogger,
  TallygateError,
} from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { answerRemoteCall } from './answer.ts';
import { type RemoteBackend, ROUTES } from './routes.ts';

const never = () => Promise.reject(new Error('not asked in this test'));

function backendWith(parts: {
  gate?: Partial<RemoteBackend['gate']>;
  destination?: Partial<RemoteBackend['destination']>;
}): RemoteBackend {
  const gate = { reserve: never, settle: never, release: never, extend: never, balances: never };
  const moreGate = { nowMs: never, configuration: never, publish: never, rebuild: never, close: never };
  const history = {
    spend: never,
    usage: never,
    counts: never,
    unknownUsage: never,
    estimates: never,
    settledTotals: never,
    settlementGaps: never,
    usagePage: never,
    knownEvents: never,
    lastReports: never,
  };
  const outbox = { take: never, put: never, remove: never, waiting: never };
  const moreHistory = {
    denial: never,
    configVersion: never,
    saveReport: never,
    lastConfigVersion: never,
    saveConfigVersion: never,
    recordAlert: never,
    endAlert: never,
    sentAlerts: never,
    reportVersions: { append: never, newest: never, list: never, read: never },
    appendFinanceRecord: never,
    financeRecords: never,
  };
  return {
    gate: { ...gate, ...moreGate, outbox, ...parts.gate },
    destination: { store: never, ...parts.destination },
    history: { ...history, ...moreHistory },
    batchOwners: { put: never, get: never, markEnded: never, countedItems: never, markItemsCounted: never },
  };
}

const reserveBody = {
  attemptId: 'attempt-1',
  attribution: {
    team: 'support',
    feature: 'summary',
    environment: 'test',
    userPseudonym: null,
    workflow: null,
    taskType: null,
    tags: {},
  },
  models: ['claude-sonnet-5'],
  expectedNanoUsd: '1',
  worstNanoUsd: '9223372036854775807',
  ttlMs: 1000,
  configVersion: 0,
  enforce: true,
};

describe('answerRemoteCall', () => {
  it('hands the backend bigints, exact to the last digit of Int64', async () => {
    const seen: ReserveRequest[] = [];
    const gate = {
      reserve: async (request: ReserveRequest) => {
        seen.push(request);
        return { kind: 'outdated', version: 3 } as const;
      },
    };
    const answer = await answerRemoteCall(backendWith({ gate }), ROUTES.reserve.path, reserveBody);
    expect(answer).toEqual({ status: 200, body: { kind: 'outdated', version: 3 } });
    expect(seen[0]?.worstNanoUsd).toBe(2n ** 63n - 1n);
  });

  it.each(['/v1/gate/unheard', '/v1/reserve', '/v2/gate/reserve', '', '/v1/gate/reserve/', '__proto__'])(
    'answers 404 for the path "%s"',
    async (path) => {
      const { status, body } = await answerRemoteCall(backendWith({}), path, {});
      expect(status).toBe(404);
      expect(body).toMatchObject({ error: { code: 'TALLYGATE_ROUTE_UNKNOWN' } });
    },
  );

  it('answers 400 for a body that does not fit, names the field and never its value', async () => {
    const body = { ...reserveBody, worstNanoUsd: 'secret-text' };
    const answer = await answerRemoteCall(backendWith({}), ROUTES.reserve.path, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: { code: 'TALLYGATE_REQUEST_INVALID' } });
    expect(JSON.stringify(answer.body)).toContain('worstNanoUsd');
    expect(JSON.stringify(answer.body)).not.toContain('secret-text');
  });

  it.each([null, undefined, 7, 'text', []])('answers 400 for the body %j', async (body) => {
    expect((await answerRemoteCall(backendWith({}), ROUTES.reserve.path, body)).status).toBe(400);
  });

  it('refuses an amount sent as a JSON number: a larger one may have lost digits on the way', async () => {
    const body = { ...reserveBody, expectedNanoUsd: 9007199254740992 };
    expect((await answerRemoteCall(backendWith({}), ROUTES.reserve.path, body)).status).toBe(400);
  });

  it('answers an error of ours with its status, code, message and cure, each once', async () => {
    const raised = new TallygateError('TALLYGATE_CONFIGURATION_OUTDATED', { message: 'Version 4 is live.' });
    const gate = { publish: () => Promise.reject(raised) };
    const body = { snapshot: emptyConfiguration('acme') };
    expect(await answerRemoteCall(backendWith({ gate }), ROUTES.publish.path, body)).toEqual({
      status: 409,
      body: { error: { code: raised.code, message: 'Version 4 is live.', cure: raised.cure } },
    });
  });

  it('answers a defect as an outage of its side, logs it, and lets no detail out', async () => {
    const logged: string[] = [];
    const logger: Logger = { ...silentLogger, error: (message) => logged.push(message) };
    const gate = { balances: () => Promise.reject(new Error('password=hunter2')) };
    const failed = await answerRemoteCall(backendWith({ gate }), ROUTES.balances.path, {}, logger);
    expect(failed).toMatchObject({ status: 503, body: { error: { code: 'TALLYGATE_GATE_UNAVAILABLE' } } });
    expect(JSON.stringify(failed.body)).not.toContain('hunter2');
    expect(logged).toHaveLength(1);

    const store = { token: 't', events: [], settlements: [], denials: [] };
    const ledger = await answerRemoteCall(backendWith({}), ROUTES.store.path, store);
    expect(ledger).toMatchObject({ status: 503, body: { error: { code: 'TALLYGATE_LEDGER_UNAVAILABLE' } } });
  });
});
