import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Turns `packages/gate/lua/*.lua` into `packages/gate/src/lua.generated.ts`, each script whole with its fragments in place,
 * so that no bundler can lose a file and every script is one text with one digest.
 *
 * Run: `npx tsx scripts/generate-lua.ts`. A unit test fails when the committed module is not what this makes.
 */
const luaFolder = new URL('../packages/gate/lua/', import.meta.url);
const generatedModule = new URL('../packages/gate/src/lua.generated.ts', import.meta.url);

/** The text of the generated module. @throws when a script includes a fragment that does not exist. */
export function generateLuaModule(): string {
  const scripts = readdirSync(luaFolder)
    .filter((file) => file.endsWith('.lua'))
    .sort()
    .map((file) => `  ${basename(file, '.lua')}: ${asTemplate(withFragments(file))},`);
  return [
    '/* Made by scripts/generate-lua.ts from packages/gate/lua. Change those files, then run it again. */',
    'export const LUA = {',
    ...scripts,
    '} as const;',
    '',
    '/** The part of every script that reads the clock, and what tests put in its place. */',
    `export const CLOCK = ${asTemplate(withFragments('fragments/clock.lua').trimEnd())};`,
    `export const CLOCK_OF_TEST = ${asTemplate(withFragments('fragments/clock-of-test.lua').trimEnd())};`,
    '',
  ].join('\n');
}

function withFragments(file: string): string {
  const text = readFileSync(new URL(file, luaFolder), 'utf8');
  return text.replace(/^-- include: (\S+)$/gm, (_line, fragment: string) =>
    withFragments(fragment).trimEnd(),
  );
}

function asTemplate(text: string): string {
  const escaped = text.replace(/\\/g, '\\\\').replace(/`/g, '\\`').replace(/\$\{/g, '\\${');
  return `\`${escaped}\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(generatedModule, generateLuaModule());
  console.log(`Wrote ${fileURLToPath(generatedModule)}`);
}
