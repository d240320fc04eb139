import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gateChaos } from './gate-chaos.ts';
import { ledgerChaos } from './ledger-chaos.ts';
import { reconcileChaos } from './reconcile-chaos.ts';

/**
 * `npm run --silent chaos -- ledger|gate|reconcile [--seconds 60] [--seed N] [--json]`. Progress on a terminal's stderr, the result on
 * stdout; exit code 1 when a promise was broken: something was lost, counted twice, spent beyond its bound, still held, or explained
 * otherwise than it was. `reconcile` ends by itself.
 */
const SUBJECTS = { ledger: ledgerChaos, gate: gateChaos, reconcile: reconcileChaos };

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    json: { type: 'boolean', default: false },
    /** Set by this program for itself: the disk that it was given. */
    disk: { type: 'string' },
  },
});
const [subject = ''] = positionals;
if (!Object.hasOwn(SUBJECTS, subject)) {
  process.stderr.write(`Name what is to suffer: ${Object.keys(SUBJECTS).join(', ')}\n`);
  process.exit(2);
}
const needsDisk = subject === 'ledger' && flags.disk === undefined;
process.exitCode = needsDisk ? await onSmallDisk() : await run(flags.disk ?? 'none');

/** A tmpfs that only this program sees, so that it can be filled to the last byte. */
async function onSmallDisk(): Promise<number> {
  const disk = mkdtempSync(join(tmpdir(), 'tallygate-disk-'));
  const isolated = ['--user', '--map-root-user', '--mount', 'sh', '-c'];
  const mounted = `mount -t tmpfs -o size=48m tmpfs "$0"`;
  try {
    if (spawnSync('unshare', [...isolated, mounted, disk]).status !== 0) {
      process.stderr.write('No disk of its own can be mounted here: nothing is filled.\n');
      return await run('none');
    }
    const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1), `--seed=${flags.seed}`];
    const script = `${mounted} && exec "$@" --disk "$0"`;
    const child = spawn('unshare', [...isolated, script, disk, ...again], { stdio: 'inherit' });
    const [code] = await once(child, 'close');
    return code ?? 1;
  } finally {
    rmSync(disk, { recursive: true, force: true });
  }
}

async function run(disk: string): Promise<number> {
  const isTerminal = process.stderr.isTTY;
  const { result, faults, isSound } = await SUBJECTS[subject as keyof typeof SUBJECTS]({
    seconds: Number(flags.seconds),
    seed: Number(flags.seed),
    disk: disk === 'none' ? null : disk,
    progress: (text) => isTerminal && process.stderr.write(`\r\u001b[K  ${text}`),
  });
  if (isTerminal) process.stderr.write('\r\u001b[K');
  const happened = Object.entries(faults).map(
    ([fault, count]) => `${String(count).padStart(5)} × ${fault}\n`,
  );
  process.stderr.write(`seed ${flags.seed}\n${happened.join('')}`);
  const lines = Object.entries(result).map(([name, value]) => `${name.padEnd(20)} ${textOf(value)}\n`);
  process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : lines.join(''));
  return isSound ? 0 : 1;
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
