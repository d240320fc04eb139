import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const COMPILER = join(REPOSITORY, 'node_modules/typescript/bin/tsc');

/**
 * Programs that a test starts run as users get them: built. Reading their sources would take each start a second and a half
 * longer, two hundred times. What is built already costs a second.
 */
export default function setup(): void {
  const { status, stdout } = spawnSync(process.execPath, [COMPILER, '-b'], {
    cwd: REPOSITORY,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The programs do not build:\n${stdout}`);
}

/** @param source of a program in the repository, such as `services/demo/src/main.ts`. */
export function builtProgram(source: string): string {
  return join(REPOSITORY, source.replace('/src/', '/dist/').replace(/\.ts$/, '.js'));
}
