import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startMember, temporaryDirectory } from './processes.ts';

/** A record as an owner leaves it that was killed. */
function recordOf(parts: Record<string, unknown>): string {
  const owner = { pid: 4_194_000, startedAt: '1', host: 'elsewhere', bootId: 'another', pidNamespace: 'x' };
  const record = { version: 1, owner, socketPath: '/none', acquiredAtMs: 0, released: false };
  return JSON.stringify({ ...record, ...parts });
}

function leaveRecord(dataDirectory: string, generation: number, text: string): void {
  mkdirSync(join(dataDirectory, 'owner.lock'), { recursive: true });
  writeFileSync(join(dataDirectory, 'owner.lock', `${String(generation).padStart(12, '0')}.json`), text);
}

describe('the lock of a data directory', () => {
  it('is not taken from a process of another machine, and says whose it is', async () => {
    const dataDirectory = temporaryDirectory();
    leaveRecord(dataDirectory, 3, recordOf({}));
    const member = await startMember();
    const refusal = await member.do('open', { dataDirectory }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'TALLYGATE_DIRECTORY_OWNED' });
    expect(String(refusal)).toContain('process 4194000 on elsewhere');
    expect(readdirSync(join(dataDirectory, 'owner.lock'))).toEqual(['000000000003.json']);
  });

  it.each([
    ['cannot be read', 'torn {', 'TALLYGATE_DIRECTORY_OWNED'],
    ['is of a newer version', recordOf({ version: 2 }), 'TALLYGATE_VERSION_UNSUPPORTED'],
  ])('is left alone when it %s', async (_what, text, code) => {
    const dataDirectory = temporaryDirectory();
    leaveRecord(dataDirectory, 3, text);
    const member = await startMember();
    await expect(member.do('open', { dataDirectory })).rejects.toMatchObject({ code });
  });
});

describe('the files of a data directory', () => {
  it('are readable by nobody else', async () => {
    const dataDirectory = join(temporaryDirectory(), 'data');
    mkdirSync(dataDirectory, { mode: 0o755 });
    const member = await startMember();
    await member.do('open', { dataDirectory });
    const modeOf = (...names: string[]) => statSync(join(dataDirectory, ...names)).mode & 0o777;
    expect(modeOf().toString(8)).toBe('700');
    expect(modeOf('token').toString(8)).toBe('600');
    expect(modeOf('owner.sock').toString(8)).toBe('600');
    expect(modeOf('owner.lock', '000000000001.json').toString(8)).toBe('600');
    const token = readFileSync(join(dataDirectory, 'token'), 'utf8').trim();
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  });

  it('keep one token through all owners', async () => {
    const dataDirectory = temporaryDirectory();
    const member = await startMember();
    await member.do('open', { dataDirectory });
    const token = readFileSync(join(dataDirectory, 'token'), 'utf8');
    await member.do('close');
    await member.do('open', { dataDirectory });
    expect(readFileSync(join(dataDirectory, 'token'), 'utf8')).toBe(token);
  });

  it('may lie under a path too long for a socket: clients find the owner all the same', async () => {
    const dataDirectory = join(temporaryDirectory(), 'deep'.repeat(20), 'deeper'.repeat(5));
    const [owner, client] = [await startMember(), await startMember()];
    expect(await owner.do('open', { dataDirectory })).toMatchObject({ role: 'owner' });
    expect(await client.do('open', { dataDirectory })).toMatchObject({ role: 'client' });
    expect(readdirSync(dataDirectory)).not.toContain('owner.sock');
  });
});

describe('the owner of a data directory', () => {
  it('refuses a process of another organization, naming both', async () => {
    const dataDirectory = temporaryDirectory();
    const [owner, stranger] = [await startMember(), await startMember()];
    await owner.do('open', { dataDirectory });
    const refusal = await stranger
      .do('open', { dataDirectory, organization: 'globex' })
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'TALLYGATE_CONFIGURATION_INVALID' });
    expect(String(refusal)).toMatch(/"acme".*"globex"/);
  });
});
