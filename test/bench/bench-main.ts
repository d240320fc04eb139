import { benchMeter } from './meter-bench.ts';

/** `npm run --silent bench -- meter [--json]`. Progress on a terminal's stderr; results on stdout. */
const [subject, ...flags] = process.argv.slice(2);
if (subject !== 'meter') {
  process.stderr.write('Name what to measure: npm run bench -- meter\n');
  process.exit(2);
}
const result = await benchMeter((done, total, what) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K  ${done}/${total} ${what}`);
});
if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
const lines = Object.entries(result).map(([name, value]) => `${name.padEnd(28)} ${value}\n`);
process.stdout.write(flags.includes('--json') ? `${JSON.stringify(result)}\n` : lines.join(''));
