import type { BudgetGate } from '@tallygate/usage';
import { CLOCK, CLOCK_OF_TEST, LUA } from './lua.generated.ts';
import type { ScriptName } from './redis-connection.ts';
import { openRedisGateWith } from './redis-gate.ts';
import type { RedisGateOptions } from './redis-session.ts';

/**
 * For tests, published as `@tallygate/gate/testing`: the gate in Redis with a server clock that the test moves. Everything
 * else is the real thing. Production code has no reason to import this.
 */

const KEY_PLACEHOLDER = '{{key of the test clock}}';

/**
 * Opens the gate with scripts that read the server's time from a key: milliseconds since the epoch, as a decimal. Keys still
 * expire by the server's own time, so that a test which moves far ahead sees what it wrote.
 */
export async function openRedisGateAt(options: RedisGateOptions, serverTimeKey: string): Promise<BudgetGate> {
  const clock = CLOCK_OF_TEST.replaceAll(KEY_PLACEHOLDER, serverTimeKey);
  const scripts = Object.entries(LUA).map(([name, text]) => [name, text.replaceAll(CLOCK, clock)]);
  return openRedisGateWith(options, Object.fromEntries(scripts) as Record<ScriptName, string>);
}
