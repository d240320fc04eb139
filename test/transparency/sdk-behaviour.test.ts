import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meterRig } from '../contract/metered-fixtures.ts';
import { type Behaviour, perform } from './behaviour.ts';
import { BODIES } from './behaviours-bodies.ts';
import { ENDS } from './behaviours-ends.ts';
import { HELPERS } from './behaviours-helpers.ts';
import { REQUESTS } from './behaviours-requests.ts';
import { RETRIES } from './behaviours-retries.ts';
import type { Door } from './doors.ts';
import { firstDifference } from './first-difference.ts';
import { type LoopbackServer, openLoopback } from './loopback-server.ts';
import { withoutDeprecations } from './quiet.ts';

/** What the SDK documents, against a real server: caller, log and server see the same with and without the meter. */
const { meter } = meterRig({ limitUsd: '1000000' });
let server: LoopbackServer;

beforeAll(async () => {
  server = await openLoopback();
});
afterAll(() => server.close());
withoutDeprecations();

async function comparedTo(door: Door, behaviour: Behaviour) {
  const bare = await perform(behaviour, server, ['bare', meter]);
  const metered = await perform(behaviour, server, [door, meter]);
  expect(firstDifference(bare, metered)).toBeNull();
  expect(bare.seen.length + bare.heard.length, 'seen and heard').toBeGreaterThan(0);
}

describe.each<Door>(['wrapped', 'fetch'])('%s: the SDK behaves as it does unmetered', (door) => {
  describe.each<[string, readonly Behaviour[]]>([
    ['retries and timeouts', RETRIES],
    ['ends', ENDS],
    ['requests', REQUESTS],
    ['helpers', HELPERS],
    ['bodies', BODIES],
  ])('%s', (_kind, behaviours) => {
    it.each(behaviours.map((behaviour) => [behaviour.name, behaviour] as const))(
      '%s',
      async (_name, behaviour) => {
        await comparedTo(door, behaviour);
      },
    );
  });
});
