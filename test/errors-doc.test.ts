import { readFileSync } from 'node:fs';
import { ERRORS } from '@tallygate/usage';
import { expect, it } from 'vitest';
import { errorsPage } from '../scripts/generate-errors-doc.ts';

it('docs/errors.md is what "npm run generate" writes from the table of errors', () => {
  const committed = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
  expect(committed).toBe(errorsPage());
  for (const code of Object.keys(ERRORS)) expect(committed).toContain(`\`${code}\``);
});
