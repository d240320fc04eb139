import { defineConfig } from 'vitest/config';

/** Tests run on sources: the condition below makes every workspace resolve to its `src`, so no build is needed. */
const onSources = { resolve: { conditions: ['@tallygate/source', 'node', 'import', 'default'] }, ssr: { resolve: { conditions: ['@tallygate/source', 'node', 'import', 'default'] } } };

export default defineConfig({
  test: {
    projects: [
      { ...onSources, test: { name: 'unit', include: ['packages/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts', 'test/tidy.test.ts'] } },
      {
        ...onSources,
        test: {
          name: 'integration',
          include: ['test/{contract,integration,replay}/**/*.test.ts'],
          globalSetup: ['test/setup/redis.ts'],
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...onSources,
        test: { name: 'simulation', include: ['test/simulation/**/*.test.ts'], globalSetup: ['test/setup/redis.ts'], pool: 'forks', testTimeout: 300_000 },
      },
      {
        ...onSources,
        test: { name: 'end-to-end', include: ['test/end-to-end/**/*.test.ts'], globalSetup: ['test/setup/redis.ts'], pool: 'forks', testTimeout: 300_000, hookTimeout: 120_000 },
      },
    ],
  },
});
