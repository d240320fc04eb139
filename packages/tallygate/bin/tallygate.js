#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Committed and linked before anything is built, so that it can say so in one sentence instead of a module error.
const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(fileURLToPath(main))) {
  await import(main.href);
} else {
  process.stderr.write('tallygate: This checkout is not built yet. Run "npm run build".\n');
  process.exitCode = 1;
}
