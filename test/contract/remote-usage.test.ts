import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane } from '@tallygate/control-plane';
import { answerRemoteCall, connectRemote, type RemoteTallygate } from '@tallygate/remote';
import { toWireJson } from '@tallygate/usage';
import { openTallygate, type TallygateRuntime } from 'tallygate';
import { afterAll, beforeAll } from 'vitest';
import { fixedClock as clock } from './usage-fixtures.ts';
import { describeUsageQuestions } from './usage-question.contract.ts';

/** One embedded ledger, asked by other processes: over the unix socket of its owner, and through a control plane. */
const directory = mkdtempSync(join(tmpdir(), 'tg-usage-'));
const cleanUps: (() => unknown)[] = [];
let overSocket: RemoteTallygate;
let throughPlane: RemoteTallygate;

beforeAll(async () => {
  const runtime = await openTallygate({ dataDirectory: join(directory, 'data'), organization: 'acme' });
  cleanUps.push(() => runtime.close());
  overSocket = connectRemote({ address: { socketPath: await serve(runtime) } });
  cleanUps.push(() => overSocket.close());
  const plane = await startControlPlane({ runtime, clock, port: 0, host: '127.0.0.1' });
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
