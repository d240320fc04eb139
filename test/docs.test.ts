import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ERRORS } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';

/** Documents are read by people who cannot know better: what they name must exist. Each check proves that it looked. */
const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...markdownIn('docs'),
  ...markdownIn('docs/decisions'),
  ...['packages', 'services'].flatMap((folder) =>
    readdirSync(join(root, folder)).flatMap((name) => markdownIn(`${folder}/${name}`)),
  ),
];

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
}

function matchesIn(paths: string[], pattern: RegExp): { path: string; found: string }[] {
  return paths.flatMap((path) =>
    [...read(path).matchAll(pattern)].map(([, found = '']) => ({ path, found })),
  );
}

describe('what the documents name exists', () => {
  it('every link to a file', () => {
    const links = matchesIn(pages, /\]\((?!https?:|#|mailto:)([^)#\s]+)/g);
    expect(links.filter(({ path, found }) => !existsSync(join(root, dirname(path), found)))).toEqual([]);
    expect(links.length).toBeGreaterThan(20);
  });

  it('every npm script', () => {
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
    const named = [
      ...matchesIn(pages, /\bnpm run (?:--\S+ )*([a-z][a-z:-]*)/g),
      ...matchesIn(pages, /\bnpm (start|test)\b/g),
    ];
    expect(named.filter(({ found }) => !scripts.includes(found))).toEqual([]);
    expect(named.length).toBeGreaterThan(5);
  });

  it('every environment variable and every error code', () => {
    const settings = read('packages/tallygate/src/configuration/settings.ts');
    const named = matchesIn([...pages, 'docker-compose.yml'], /\b(TALLYGATE_[A-Z_]+[A-Z])\b/g);
    expect(named.filter(({ found }) => !(found in ERRORS) && !settings.includes(`'${found}'`))).toEqual([]);
    expect(named.length).toBeGreaterThan(20);
  });

  it('every command of the command line', () => {
    const files = ['program', 'usage-commands', 'bill/add-bill-command', 'finance/add-finance-commands'];
    const program = [...files, 'corrections/add-correction-commands']
      .map((name) => read(`packages/tallygate/src/cli/${name}.ts`))
      .join('');
    const named = matchesIn(['README.md'], /^tallygate ([a-z]+(?:-[a-z]+)*)/gm);
    expect(named.filter(({ found }) => !program.includes(`.command('${found}`))).toEqual([]);
    expect(named.length).toBeGreaterThan(5);
  });
});
