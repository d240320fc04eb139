import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane } from '@tallygate/control-plane';
import { answerRemoteCall, connectRemote, type RemoteTallygate } from '@tallygate/remote';
import { toWireJson } from '@tallygate/usage';
import { openTallygate, type TallygateRuntime } from 'tallygate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeReportVersions } from './report-versions.contract.ts';
import { fixedClock as clock, segmentOf, usageEvent } from './usage-fixtures.ts';
import { describeUsageQuestions } from './usage-question.contract.ts';

/** One embedded ledger, asked by other processes: over the unix socket of its owner, and through a control plane. */
const directory = mkdtempSync(join(tmpdir(), 'tg-usage-'));
const cleanUps: (() => unknown)[] = [];
let overSocket: RemoteTallygate;
let planeUrl = '';
let throughPlane: RemoteTallygate;

beforeAll(async () => {
  const runtime = await openTallygate({ dataDirectory: join(directory, 'data'), organization: 'acme' });
  cleanUps.push(() => runtime.close());
  overSocket = connectRemote({ address: { socketPath: await serve(runtime) } });
  cleanUps.push(() => overSocket.close());
  const plane = await startControlPlane({ runtime, clock, port: 0, host: '127.0.0.1' });
  planeUrl = plane.url;
  cleanUps.push(() => plane.close());
  throughPlane = connectRemote({ address: { url: plane.url }, token: runtime.token });
  cleanUps.push(() => throughPlane.close());
});

afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  rmSync(directory, { recursive: true, force: true });
});

async function serve({ remoteBackend }: TallygateRuntime): Promise<string> {
  const socketPath = join(directory, 's.sock');
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { status, body } = await answerRemoteCall(remoteBackend, request.url ?? '', JSON.parse(text));
    response.writeHead(status, { 'content-type': 'application/json' }).end(toWireJson(body));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return socketPath;
}

describeUsageQuestions("an owner's socket", () => overSocket);
describeUsageQuestions('a control plane', () => throughPlane);
describeReportVersions("an owner's socket", () => overSocket.history.reportVersions);
describeReportVersions('a control plane', () => throughPlane.history.reportVersions);

describe('GET /v1/usage', () => {
  const get = async (query: string) => {
    const response = await fetch(`${planeUrl}/v1/usage?${query}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('answers in words of a dashboard what the port answers', async () => {
    await overSocket.destination.store(segmentOf([usageEvent(), usageEvent({ status: 'error' })]));
    const range = 'from=2026-10-14&to=2026-10-16';
    const { status, body } = await get(
      `groupBy=day,team&${range}&where=team=support,search&order=errors&top=3&percentiles=true`,
    );
    expect([status, body['others']]).toEqual([200, []]);
    expect(body).toMatchObject({
      schema: 'tallygate.usage/1',
      organization: 'acme',
      lines: [{ group: { day: '2026-10-14T00:00:00.000Z', team: 'support' }, errorRate: 0.5 }],
      total: { calls: 2, contractedCostUsd: '0.001200000', latency: { p50: 1_500 } },
    });
    expect((await get(`${range}&where=team=nobody`)).body).toMatchObject({ lines: [], total: { calls: 0 } });
  });

  it.each([
    'where=team',
    'where=day=x',
    'where=shoe=42',
    'top=0',
    'order=size',
    'percentiles=yes',
    'toop=1',
    'groupBy=tag',
  ])('refuses ?%s', async (query) => {
    const { status, body } = await get(query);
    expect([status, body['error']]).toEqual([
      400,
      expect.objectContaining({ code: 'TALLYGATE_REQUEST_INVALID' }),
    ]);
  });
});
