/** Asks the gate at the given URL once and is done, without closing it. `node --import tsx leaving-main.ts <url>`. */
import { openRedisGate } from '@tallygate/gate';
import { newAttemptId, systemClock } from '@tallygate/usage';
import { requestOf, snapshotOf } from '../../contract/gate-fixtures.ts';

const [url = ''] = process.argv.slice(2);
const organization = `org-${newAttemptId()}`;
const gate = await openRedisGate({ url, organization, clock: systemClock, settleDeadlineMs: 20_000 });
await gate.publish(snapshotOf(organization, 1, []));
const { kind } = await gate.reserve(requestOf());
console.log(kind);
