import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clusterProgram, startRedisCluster } from '../../setup/redis-cluster.ts';
import { redisUrl } from './redis-fixtures.ts';

const MAIN = fileURLToPath(new URL('./leaving-main.ts', import.meta.url));

/** Resolves only when the process has ended by itself. */
const leave = (url: string) => promisify(execFile)('node', ['--import', 'tsx', MAIN, url]);

describe('an application that is done ends, though nobody closed its gate', () => {
  test('in one Redis', async () => {
    expect(await leave(redisUrl)).toMatchObject({ stdout: 'held true\n', stderr: '' });
  });

  test.skipIf(clusterProgram === null)('in a cluster', async () => {
    const cluster = await startRedisCluster();
    onTestFinished(() => cluster.stop());
    expect(await leave(cluster.url)).toMatchObject({ stdout: 'held true\n', stderr: '' });
  });
});
