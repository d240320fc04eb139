import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { showProgress } from './progress.ts';
import { readReplayCases } from './replay/recordings.ts';
import { replay } from './replay/replay.ts';

/** `npm run --silent replay -- <folder> [--json] [--chunk-bytes 7] [--api ga|beta]`: exit 0 when every exchange is exact, 3 when not. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, 'chunk-bytes': { type: 'string' }, api: { type: 'string' } },
});
const folder = positionals[0];
if (folder === undefined || !existsSync(folder)) {
  process.stderr.write(
    `There is no folder of recordings at "${folder ?? ''}". Name one: npm run replay -- <folder>\n`,
  );
  process.exit(2);
}
const api = values.api === 'ga' || values.api === 'beta' ? values.api : null;
const chunkBytes =
  values['chunk-bytes'] === undefined ? null : Math.max(1, Number.parseInt(values['chunk-bytes'], 10));
// Old recordings name models the SDK calls deprecated, once per call; that is news to nobody here.
console.warn = () => undefined;
const progress = showProgress(process.stderr, 'exchanges');
const report = await replay(readReplayCases(folder), { chunkBytes, api }, progress.update);
progress.done();

if (values.json) {
  process.stdout.write(`${JSON.stringify(report)}\n`);
} else {
  process.stdout.write(`${report.exact} of ${report.exchanges} exchanges metered exactly\n`);
  for (const [field, count] of Object.entries(report.byField)) process.stdout.write(`  ${field}: ${count}\n`);
  for (const { id, differences } of report.examples)
    process.stdout.write(`  ${id}\n    ${JSON.stringify(differences)}\n`);
}
process.exitCode = report.mismatched === 0 ? 0 : 3;
