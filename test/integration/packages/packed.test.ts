import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_API_KEY, startSimulator } from '@tallygate/simulator';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { borrow, emptyApplication, linkedLikePnpm, REPOSITORY, run, SDK, typeCheck } from './application.ts';

/** What is published, used by a stranger: packed, installed into an empty folder, compiled and run there. */
interface Tarball {
  name: string;
  filename: string;
  files: { path: string }[];
}

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'tallygate-packed-')));
const application = join(directory, 'app');
const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED/;
let tarballs: Tarball[] = [];
let unreachable: string | undefined;

const EXAMPLE = (attribution: string) => `import Anthropic from '@anthropic-ai/sdk';
import { tallygate } from 'tallygate';

const tally = tallygate({ team: 'support', environment: 'production' });
const claude = tally.wrap(new Anthropic());
const message = await claude.messages.create(
  { model: 'claude-sonnet-4-5', max_tokens: 50, messages: [{ role: 'user', content: 'Summarise ticket 4711.' }] },
  { attribution: ${attribution} },
);
console.log(message.usage.output_tokens);
await tally.close();
`;

/** The example where the top level may not wait: the call and all behind it become the body of a function. */
function inFunction(source: string, head: string, tail: string): string {
  const start = source.indexOf('const message');
  return `${source.slice(0, start)}${head} {\n${source.slice(start)}}${tail}\n`;
}

const REQUIRED = inFunction(EXAMPLE("{ feature: 'required' }"), '(async () =>', ')();')
  .replace("import Anthropic from '@anthropic-ai/sdk'", "const { Anthropic } = require('@anthropic-ai/sdk')")
  .replace("import { tallygate } from 'tallygate'", "const { tallygate } = require('tallygate')");

async function pack(): Promise<Tarball[]> {
  const built = await run(REPOSITORY, process.execPath, [
    'node_modules/typescript/bin/tsc',
    '-b',
    'packages/tallygate',
  ]);
  expect(built.stdout, 'what the compiler says about the packages').toBe('');
  const folders = readdirSync(join(REPOSITORY, 'packages')).map((name) => `./packages/${name}`);
  const packed = await run(REPOSITORY, 'npm', [
    'pack',
    '--json',
    '--pack-destination',
    directory,
    ...folders,
  ]);
  const report = JSON.parse(packed.stdout) as Tarball[] | Record<string, Tarball>;
  return Object.values(report);
}

async function install(): Promise<void> {
  const { devDependencies } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
  const ours = tarballs.map(({ filename }) => join(directory, filename));
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=0'];
  const names = [...ours, `${SDK}@${devDependencies[SDK]}`];
  const { exitCode, stderr } = await run(emptyApplication(application), 'npm', [
    'install',
    ...quiet,
    ...names,
  ]);
  if (exitCode !== 0 && UNREACHABLE.test(stderr)) unreachable = 'the npm registry is not reachable';
  else expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
}

beforeAll(async () => {
  tarballs = await pack();
  await install();
  if (unreachable) return;
  for (const name of ['chdb', '@types/node', 'undici-types']) borrow(application, name);
  writeFileSync(join(application, 'app.ts'), EXAMPLE("{ feature: 'ticket-summary', user: 'u-42' }"));
  writeFileSync(join(application, 'app.mjs'), EXAMPLE("{ feature: 'imported' }"));
  writeFileSync(join(application, 'bundled.mjs'), EXAMPLE("{ feature: 'bundled' }"));
  writeFileSync(join(application, 'misspelt.ts'), EXAMPLE("{ feture: 'ticket-summary' }"));
  writeFileSync(join(application, 'required.cjs'), REQUIRED);
  const required = inFunction(EXAMPLE("{ feature: 'x' }"), 'export async function main()', '');
  writeFileSync(join(application, 'required.cts'), required);
}, 120_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('every tarball', () => {
  it('holds the build, what explains it and the licence, and nothing else', () => {
    expect(tarballs.length).toBe(readdirSync(join(REPOSITORY, 'packages')).length);
    for (const { name, files } of tarballs) {
      const paths = files.map(({ path }) => path);
      const rest = paths.filter((path) => !/^dist\/[\w./-]+\.(js|d\.ts)(\.map)?$/.test(path)).sort();
      const command = name === 'tallygate' ? ['bin/tallygate.js'] : [];
      expect(rest, name).toEqual(['LICENSE', 'README.md', ...command, 'package.json'].sort());
      expect(paths, name).toContain('dist/index.d.ts');
      expect(
        paths.filter((path) => path.includes('.test.')),
        name,
      ).toEqual([]);
    }
  });
});

describe('an application that installs them', () => {
  beforeEach((context) => {
    if (unreachable) context.skip(unreachable);
  });

  const modules = [
    ['--module', 'nodenext'],
    ['--module', 'preserve', '--moduleResolution', 'bundler'],
  ];

  it('has one SDK, its own', () => {
    const found = readdirSync(join(application, 'node_modules'), { recursive: true, encoding: 'utf8' });
    expect(found.filter((path) => /@anthropic-ai\/sdk\/package\.json$/.test(path))).toHaveLength(1);
  });

  it.each(modules)('type-checks strictly, also our declarations: %s %s', async (...options) => {
    expect(await typeCheck(application, 'app.ts', '--skipLibCheck', 'false', ...options)).toBe('');
    expect(await typeCheck(application, 'misspelt.ts', '--skipLibCheck', ...options)).toContain(
      "'feture' does not exist",
    );
  });

  it('type-checks where it requires', async () => {
    expect(await typeCheck(application, 'required.cts', '--skipLibCheck', '--module', 'nodenext')).toBe('');
  });

  it('type-checks where packages are links into a store', async () => {
    const linked = linkedLikePnpm(application, join(directory, 'linked'));
    for (const name of ['@types/node', 'undici-types']) borrow(linked, name);
    cpSync(join(application, 'app.ts'), join(linked, 'app.ts'));
    for (const options of modules)
      expect(await typeCheck(linked, 'app.ts', '--skipLibCheck', ...options)).toBe('');
  });

  it('runs imported, required and as one bundled file, and its command reports all three', async () => {
    const simulator = await startSimulator();
    const variables = { ANTHROPIC_BASE_URL: simulator.url, ANTHROPIC_API_KEY: DEFAULT_API_KEY };
    mkdirSync(join(application, 'out'));
    await build({
      entryPoints: [join(application, 'bundled.mjs')],
      outfile: join(application, 'out/bundled.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['chdb'],
      logLevel: 'error',
      // Some dependencies are CommonJS and require Node's own modules, which a bundle in ESM cannot without this.
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    });
    for (const file of ['app.mjs', 'required.cjs', 'out/bundled.mjs']) {
      const ended = await run(application, process.execPath, [file], variables);
      expect(ended, file).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\n$/) });
      expect(ended.stderr, file).not.toMatch(/ExperimentalWarning|tallygate/);
    }
    await simulator.close();
    const command = join(application, 'node_modules/.bin/tallygate');
    const report = await run(application, command, ['report', '--by', 'feature', '--json']);
    for (const feature of ['imported', 'required', 'bundled'])
      expect(report.stdout).toContain(`"${feature}"`);
  });
});
