import { writeSync } from 'node:fs';
import { openRedisGate } from '@tallygate/gate';
import { openUsageStore } from '@tallygate/ledger';
import { silentLogger, systemClock } from '@tallygate/usage';
import { deliverAlerts } from '../deliver-alerts.ts';

/**
 * For tests: a process that delivers what waits, by a line with its id on stdout, and ends; or is killed right before one of the steps. Its one
 * argument is JSON.
 */
type DeliveryStep = 'record' | 'tell' | 'end' | 'remove';

interface DeliveringOptions {
  redisUrl: string;
  clickhouseUrl: string;
  organization: string;
  diesBefore: DeliveryStep | null;
}

const STDOUT = 1;
const options = JSON.parse(process.argv[2] ?? '') as DeliveringOptions;

function reach(step: DeliveryStep): void {
  if (step === options.diesBefore) process.kill(process.pid, 'SIGKILL');
}

const { organization } = options;
const deadlines = { reserveDeadlineMs: 30_000, settleDeadlineMs: 30_000 };
const gate = await openRedisGate({ url: options.redisUrl, organization, clock: systemClock, ...deadlines });
const store = await openUsageStore({ kind: 'server', url: options.clickhouseUrl }, { clock: systemClock });
const delivery = deliverAlerts({
  organization,
  gate: {
    configuration: gate.configuration,
    outbox: {
      ...gate.outbox,
      remove: async (alerts) => {
        reach('remove');
        await gate.outbox.remove(alerts);
      },
    },
  },
  history: {
    sentAlerts: store.sentAlerts,
    recordAlert: async (alert) => {
      reach('record');
      return store.recordAlert(alert);
    },
    endAlert: async (alert) => {
      reach('end');
      await store.endAlert(alert);
    },
  },
  sinks: [
    {
      tell: async (alert) => {
        reach('tell');
        writeSync(STDOUT, `${alert.id}\n`);
        return { outcome: 'told', detail: 'stdout' };
      },
    },
  ],
  clock: systemClock,
  logger: silentLogger,
});
await delivery.stop();
await store.close();
await gate.close();
