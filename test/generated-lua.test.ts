import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateLuaModule } from '../scripts/generate-lua.ts';

test('the committed Lua module is what the Lua files make: after a change run "npx tsx scripts/generate-lua.ts"', () => {
  const committed = readFileSync(new URL('../packages/gate/src/lua.generated.ts', import.meta.url), 'utf8');
  expect(committed).toBe(generateLuaModule());
});
