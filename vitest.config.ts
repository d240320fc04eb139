import { defineConfig } from 'vitest/config';
import { summaryReporter } from './test/setup/summary-reporter.ts';
import { cleanUpTemporaryFiles } from './test/setup/temporary-folder.ts';

cleanUpTemporaryFiles();

/** Tests run on sources: the condition makes every workspace resolve to its `src`. Programs that they start are built before. */
const conditions = ['@tallygate/source', 'node', 'import', 'default'];
const onSources = { resolve: { conditions }, ssr: { resolve: { conditions } } };

/** Projects that need a Redis of their own share one that is started for the run. Forks: a crash test may kill its process. */
const globalSetup = ['test/setup/built-programs.ts', 'test/setup/redis.ts'];
const withServers = { globalSetup, pool: 'forks' as const, hookTimeout: 120_000 };

const UNIT = ['packages/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts', 'test/*.test.ts'];
const ISOLATED = '{packages,services}/*/src/**/*.isolated.test.ts';

export default defineConfig({
  test: {
    reporters: ['default', summaryReporter()],
    // Two on every machine: much of the time is spent waiting for servers and deadlines, and more of them would miss those.
    maxWorkers: 2,
    projects: [
      {
        ...onSources,
        test: {
          // Loading modules once for all files takes a quarter of the time. A test that replaces a module is named
          // `*.isolated.test.ts` and has them for itself.
          name: 'unit',
          include: UNIT,
          exclude: [ISOLATED],
          pool: 'threads',
          isolate: false,
          testTimeout: 30_000,
        },
      },
      { ...onSources, test: { name: 'unit-isolated', include: [ISOLATED], testTimeout: 30_000 } },
      {
        ...onSources,
        test: {
          ...withServers,
          name: 'integration',
          include: ['test/{contract,integration,replay,transparency}/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        ...onSources,
        test: {
          ...withServers,
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 300_000,
        },
      },
      {
        ...onSources,
        test: {
          ...withServers,
          name: 'end-to-end',
          include: ['test/end-to-end/**/*.test.ts'],
          testTimeout: 300_000,
        },
      },
    ],
  },
});
