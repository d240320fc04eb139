import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Runs every generator, scripts/generate-*.ts, in the order of their names. Each writes files that are committed, so that
 * a reader and a bundler find them without a build; a unit test of each fails when they are out of date.
 *
 * Generators run on the sources (`@tallygate/source`), so that a change need not be built before it is generated from.
 */
const folder = fileURLToPath(new URL('.', import.meta.url));
const generators = readdirSync(folder)
  .filter((name) => /^generate-[a-z-]+\.ts$/.test(name))
  .sort();

for (const generator of generators) {
  console.log(generator);
  const command = ['--conditions=@tallygate/source', '--import', 'tsx', `${folder}${generator}`];
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
