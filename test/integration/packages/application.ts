import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Applications of strangers: an empty folder that installs our tarballs, as npm and as pnpm lay packages out. */
export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
export const SDK = '@anthropic-ai/sdk';
const COMPILER = join(REPOSITORY, 'node_modules/typescript/bin/tsc');

export interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Never rejects: how a program ended is for the test to judge. Variables of ours and of npm are not handed on. */
export function run(
  cwd: string,
  program: string,
  args: string[],
  extra: Record<string, string> = {},
): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(
    ([name]) =>
      !/^(TALLYGATE_|ANTHROPIC_|NODE_ENV$|NODE_OPTIONS$|VITEST|npm_(package|lifecycle)_)/.test(name),
  );
  const env = { ...Object.fromEntries(inherited), ...extra };
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      const exitCode = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ exitCode, stdout, stderr });
    });
  });
}

/** What an application's own strict compiler says about a file; empty when it is content. */
export async function typeCheck(application: string, file: string, ...options: string[]): Promise<string> {
  const strict = ['--noEmit', '--strict', '--target', 'es2023', '--types', 'node', ...options];
  return (await run(application, process.execPath, [COMPILER, ...strict, file])).stdout;
}

/** Empty but for a manifest, with the types of Node at hand. */
export function emptyApplication(directory: string): string {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "name": "my-app", "private": true, "type": "module" }\n');
  return directory;
}

/** Borrows a package of this repository that would be slow to fetch; its own dependencies resolve from here. */
export function borrow(application: string, name: string): void {
  const link = join(application, 'node_modules', name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(join(REPOSITORY, 'node_modules', name), link);
}

/** The same packages again, as pnpm places them: each alone in a store, beside links to all it may import. */
export function linkedLikePnpm(flat: string, directory: string): string {
  const application = emptyApplication(directory);
  const names = packagesIn(join(flat, 'node_modules'));
  const home = (name: string) =>
    join(application, 'node_modules/.pnpm', name.replace('/', '+'), 'node_modules');
  for (const name of names) {
    cpSync(join(flat, 'node_modules', name), join(home(name), name), { recursive: true });
    for (const other of names) if (other !== name) link(join(home(other), other), join(home(name), other));
  }
  for (const name of [SDK, 'tallygate'])
    link(join(home(name), name), join(application, 'node_modules', name));
  return application;
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

function packagesIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return entries
    .filter(({ name }) => !name.startsWith('.') && name !== '@types')
    .flatMap(({ name }) =>
      name.startsWith('@') ? readdirSync(join(folder, name)).map((part) => `${name}/${part}`) : [name],
    );
}
