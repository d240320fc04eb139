/** Looks at the Redis at the given URL, asks a gate there once, and is done, without closing it. `node --import tsx leaving-main.ts <url>`. */
import { inspectRedis, openRedisGate } from '@tallygate/gate';
import { newAttemptId, systemClock } from '@tallygate/usage';
import { requestOf, snapshotOf } from '../../contract/gate-fixtures.ts';

const [url = ''] = process.argv.slice(2);
// While nothing else keeps the process alive: it must not end before the answer.
const seen = (await inspectRedis(url)).gates !== null;
const organization = `org-${newAttemptId()}`;
const gate = await openRedisGate({ url, organization, clock: systemClock, settleDeadlineMs: 20_000 });
await gate.publish(snapshotOf(organization, 1, []));
const { kind } = await gate.reserve(requestOf());
console.log(kind, seen);
