import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore } from '@tallygate/ledger';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { fixedClock, START_MS } from '../../contract/usage-fixtures.ts';
import { startProgram } from './programs.ts';
import { openTables } from './tables.ts';

const root = mkdtempSync(join(tmpdir(), 'tallygate-opening-'));
const clock = fixedClock;
const openAt = (directory: string) => openUsageStore({ kind: 'embedded', directory }, { clock });
const openServer = (url: string) => openUsageStore({ kind: 'server', url }, { clock });
const started: (ChildProcess | Server)[] = [];

afterEach(async () => {
  for (const one of started.splice(0)) {
    if ('kill' in one) one.kill('SIGKILL');
    else await new Promise((resolve) => one.close(resolve));
  }
});
afterAll(() => rmSync(root, { recursive: true }));

describe('the embedded engine', () => {
  it('says that another process has the directory, and opens it once that one is gone', async () => {
    const directory = join(root, 'owned');
    const owner = startProgram(new URL('./holding-process.ts', import.meta.url), [directory]);
    started.push(owner);
    await once(owner.stdout, 'data');
    await expect(openAt(directory)).rejects.toMatchObject({ code: 'TALLYGATE_DIRECTORY_OWNED' });
    await expect(openAt(directory)).rejects.toThrow(directory);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    await (await openAt(directory)).close();
  });

  it('says that this process has another directory open, and opens the second after closing the first', async () => {
    const first = await openAt(join(root, 'one'));
    await expect(openAt(join(root, 'two'))).rejects.toMatchObject({ code: 'TALLYGATE_DIRECTORY_OWNED' });
    await first.close();
    await (await openAt(join(root, 'two'))).close();
  });

  it('says when its directory cannot be made', async () => {
    writeFileSync(join(root, 'file'), '');
    await expect(openAt(join(root, 'file', 'ledger'))).rejects.toMatchObject({
      code: 'TALLYGATE_LEDGER_UNAVAILABLE',
    });
  });

  it('answers an outage and never 0 when a question fails', async () => {
    const store = await openAt(join(root, 'failing'));
    const tables = openTables(join(root, 'failing'));
    const range = { organization: 'acme', fromMs: START_MS, toMs: START_MS + 1 };
    await tables.run('DROP TABLE usage_events');
    await tables.run('DROP TABLE settlements');
    const unavailable = { code: 'TALLYGATE_LEDGER_UNAVAILABLE' };
    await expect(store.counts(range)).rejects.toMatchObject(unavailable);
    await expect(store.spend({ ...range, by: 'ended', groupBy: [] })).rejects.toMatchObject(unavailable);
    await expect(store.settledTotals('acme')).rejects.toMatchObject(unavailable);
    await tables.close();
    await store.close();
    await expect(store.counts(range)).rejects.toMatchObject(unavailable);
  });

  it('answers only for its organization when it was opened for one', async () => {
    const directory = join(root, 'single');
    const store = await openUsageStore({ kind: 'embedded', directory }, { clock, organization: 'acme' });
    expect(await store.lastReports('acme')).toEqual([]);
    await expect(store.lastReports('other')).rejects.toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
    const range = { organization: 'other', fromMs: 0, toMs: 1 };
    await expect(store.counts(range)).rejects.toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
    await store.close();
  });
});

describe('a server', () => {
  const SECRET = 'hunter2-very-secret';

  /** Answers like ClickHouse does, with one status and body for everything. */
  async function serverAnswering(status: number, body: string): Promise<string> {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(status, { 'x-clickhouse-exception-code': '516' }).end(body);
    });
    started.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://app:${SECRET}@127.0.0.1:${(server.address() as AddressInfo).port}/tallygate`;
  }

  const failureOf = async (url: string) => {
    const error: unknown = await openServer(url).then(
      () => null,
      (reason: unknown) => reason,
    );
    return error instanceof Error ? { code: Reflect.get(error, 'code'), text: everythingIn(error) } : null;
  };

  it('that is not there is an outage, and its address is named without the credentials', async () => {
    const failure = await failureOf(`http://app:${SECRET}@127.0.0.1:1`);
    expect(failure).toMatchObject({ code: 'TALLYGATE_LEDGER_UNAVAILABLE' });
    expect(failure?.text).toContain('127.0.0.1:1');
    expect(failure?.text).not.toContain(SECRET);
  });

  it('that refuses the credentials is an outage that does not print them', async () => {
    const url = await serverAnswering(
      403,
      'Code: 516. DB::Exception: app: Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)',
    );
    const failure = await failureOf(url);
    expect(failure).toMatchObject({ code: 'TALLYGATE_LEDGER_UNAVAILABLE' });
    expect(failure?.text).toContain('AUTHENTICATION_FAILED');
    expect(failure?.text).not.toContain(SECRET);
  });

  it('that answers nonsense is an outage', async () => {
    const url = await serverAnswering(200, 'It works!');
    expect(await failureOf(url)).toMatchObject({ code: 'TALLYGATE_LEDGER_UNAVAILABLE' });
  });

  it('by a URL that is none is a mistake in the configuration, told without repeating it', async () => {
    for (const url of [`${SECRET}@host`, `ftp://app:${SECRET}@host`, `http://host/?password=${SECRET}`, '']) {
      const failure = await failureOf(url);
      expect(failure?.code).toBe('TALLYGATE_CONFIGURATION_INVALID');
      expect(failure?.text).not.toContain(SECRET);
    }
  });
});

/** Message, stack and causes, all the way down: what a careless logger would print. */
function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [error.message, error.stack, JSON.stringify(error), everythingIn(error.cause ?? '')].join('\n');
}
