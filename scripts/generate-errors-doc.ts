import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERRORS } from '@tallygate/usage';

/**
 * Writes docs/errors.md from the error table, so that the page can never know a code that the program does not, or the
 * other way round. A unit test compares the two.
 *
 * Run: `npm run generate`.
 */
const page = new URL('../docs/errors.md', import.meta.url);

const HEAD = `<!-- Written by scripts/generate-errors-doc.ts from packages/usage/src/errors.ts. Do not edit. -->

# Errors

Everything that Tallygate throws is a \`TallygateError\`. Its message says what was found and then what to do; its \`code\` is
stable and is what a program branches on. Recognise one with \`TallygateError.isInstance(error)\`, which also holds when two
copies of the package are loaded.

A *denial* (\`TALLYGATE_BUDGET_EXCEEDED\`) is an answer, not a failure: the budget is spent, and nothing was sent to the
provider. An *outage* (\`TALLYGATE_GATE_UNAVAILABLE\`) means that nobody could answer; each budget then follows its own
\`onOutage\` policy.

| exit code | means |
|--:|---|
| 0 | done |
| 1 | failed |
| 2 | wrong use: an argument, a setting or a request to correct |
| 3 | a check failed: over budget, over tolerance, drift |
| 4 | something upstream did not answer |

`;

/** The text of docs/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { httpStatus, exitCode, cure }]) =>
      `| \`${code}\` | ${httpStatus} | ${exitCode} | ${cure.replace(/[|<]/g, '\\$&')} |`,
  );
  return `${HEAD}| code | HTTP | exit | what to do |\n|---|--:|--:|---|\n${rows.join('\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(page, errorsPage());
  console.log(`Wrote ${fileURLToPath(page)}`);
}
