import type { Alert, AlertOutbox } from '@tallygate/usage';
import { alertFrom, announcementOf } from './announcements.ts';
import { unknownReply } from './redis-replies.ts';
import type { RedisSession } from './redis-session.ts';

const NOBODY = { forMs: 0, most: 0, alerts: [] };

/** What `settle`, `endings` and `seed` put there. */
export function createRedisOutbox({ organization, connection, keys }: RedisSession): AlertOutbox {
  async function run(
    action: 'T' | 'P' | 'R' | 'W',
    { forMs, most, alerts }: { forMs: number; most: number; alerts: readonly Alert[] },
  ): Promise<Alert[]> {
    const numbers = [Math.ceil(forMs), most].map(String);
    const reply = await connection.run(
      'outbox',
      [keys.outbox],
      [action, ...numbers, ...alerts.map(announcementOf)],
    );
    if (reply.code !== 'OK') throw unknownReply('outbox', reply);
    return reply.values.map((announcement) => alertFrom(organization, announcement));
  }
  return {
    take: (most, forMs) => run('T', { ...NOBODY, most, forMs }),
    put: async (alerts, forMs) => {
      if (alerts.length > 0) await run('P', { ...NOBODY, alerts, forMs });
    },
    remove: async (alerts) => {
      if (alerts.length > 0) await run('R', { ...NOBODY, alerts });
    },
    waiting: () => run('W', NOBODY),
  };
}
