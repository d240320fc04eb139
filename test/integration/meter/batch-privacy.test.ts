import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore } from '@tallygate/ledger';
import { createMemoryBatchOwners } from '@tallygate/meter';
import type { BatchOwner, BatchOwners } from '@tallygate/usage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { segmentOf } from '../../contract/usage-fixtures.ts';
import { openTables } from '../ledger/tables.ts';
import {
  budgetOf,
  errored,
  HAIKU,
  message,
  type movableClock,
  readResults,
  requestFor,
  sharedParts,
  startProcess,
  succeeded,
  unprocessed,
} from './batch-rig.ts';

/** Each is put where an application or the provider would put it, and must be found nowhere that is ours. */
const SECRETS = {
  customId: 'PlantedCustomId-42',
  otherCustomId: 'PlantedOther-43',
  email: 'planted.person@example.com',
  prompt: 'PlantedPrompt',
  system: 'PlantedSystem',
  answer: 'PlantedAnswer',
  providerError: 'PlantedProviderError',
  user: 'planted-user-42',
  tag: 'PlantedTag',
};

const ASKED = {
  system: SECRETS.system,
  messages: [{ role: 'user' as const, content: `${SECRETS.prompt} of ${SECRETS.email}` }],
  metadata: { user_id: SECRETS.user },
};
const REQUESTS = [
  requestFor(SECRETS.customId, ASKED),
  requestFor(SECRETS.otherCustomId, { ...ASKED, model: 'claude-sonnet-5-5' }),
  requestFor(SECRETS.email, ASKED),
  requestFor(`${SECRETS.customId}-late`, ASKED),
];
const TOLD = message(
  { billed_to: SECRETS.email, speed: SECRETS.email, inference_geo: SECRETS.email },
  { content: [{ type: 'text', text: SECRETS.answer }], stop_reason: SECRETS.email },
);
const DEPLOYED = { ...TOLD, model: SECRETS.email };
const FAILURE = errored(SECRETS.email, SECRETS.email);
FAILURE.result.error.error.message = SECRETS.providerError;
const RESULTS = [
  succeeded(SECRETS.customId, TOLD),
  succeeded(SECRETS.otherCustomId, { ...TOLD, model: 'claude-sonnet-5-5' }),
  succeeded('deployed', DEPLOYED),
  FAILURE,
  unprocessed(`${SECRETS.customId}-late`, 'expired'),
  { custom_id: SECRETS.customId, result: SECRETS.answer },
];
const WHO = { feature: SECRETS.email, user: SECRETS.user, tags: { note: SECRETS.tag } };

/** What is stored beside rows: owners of batches, and the set of counted items. */
function recordedOwners(clock: ReturnType<typeof movableClock>) {
  const owners = createMemoryBatchOwners({ clock });
  const stored: unknown[] = [];
  const recording: BatchOwners = {
    ...owners,
    put(owner: BatchOwner) {
      stored.push(owner);
      return owners.put(owner);
    },
    markItemsCounted(key, ids) {
      stored.push(ids);
      return owners.markItemsCounted(key, ids);
    },
  };
  return { recording, stored };
}

const textOf = (value: unknown) =>
  JSON.stringify(value, (_name, inner) => (typeof inner === 'bigint' ? `${inner}` : inner));

describe.each([
  ['with a pseudonym key', 'k'.repeat(32)],
  ['without one', null],
])('privacy of batches %s', (_title, pseudonymKey) => {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-batch-privacy-'));
  const seen: Record<string, string> = {};
  let rows: Record<string, unknown>[] = [];
  let owner: Record<string, unknown> = {};

  beforeAll(async () => {
    const parts = sharedParts({ ...budgetOf('0.02'), tagAllowList: [] });
    const { recording, stored } = recordedOwners(parts.clock);
    const app = startProcess({
      ...parts,
      owners: recording,
      script: { results: RESULTS },
      ...(pseudonymKey === null ? {} : { pseudonymKey }),
    });
    const said = { attribution: WHO };
    await app.claude.messages.batches.create({ requests: REQUESTS }, said);
    await app.meter.settled();
    await readResults(app);
    const tooDear = [requestFor(SECRETS.customId, { ...ASKED, max_tokens: 120_000 })];
    await app.claude.messages.batches.create({ requests: tooDear }, said).catch(() => null);
    await app.meter.close();

    const store = await openUsageStore({ kind: 'embedded', directory }, { clock: parts.clock });
    await store.store(segmentOf(app.events, app));
    await store.close();
    const tables = openTables(directory);
    rows = await tables.rows('SELECT * FROM usage_events ORDER BY line');
    const denials = await tables.rows('SELECT * FROM denials');
    await tables.close();
    expect(denials).toHaveLength(1);
    owner = stored[0] as typeof owner;
    seen['rows'] = textOf([rows, denials]);
    seen['records'] = textOf([app.events, app.settlements, app.denials, [...app.holds]]);
    seen['owners'] = textOf(stored);
    seen['logs'] = textOf([app.logs, app.loggedFields]);
  }, 60_000);
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each(Object.entries(SECRETS))('keeps the planted %s out of rows, owners and logs', (_name, secret) => {
    expect(Object.keys(seen)).toEqual(['rows', 'records', 'owners', 'logs']);
    for (const [place, text] of Object.entries(seen))
      expect(text.includes(secret), `${secret} in ${place}`).toBe(false);
  });

  it('looked at a batch in which items succeeded, failed and expired, and of which one was not readable', () => {
    expect(rows.map(({ status }) => status).sort()).toEqual(['error', 'error', 'ok', 'ok', 'ok']);
    expect(seen['logs']).toContain('not readable');
    expect(rows.map(({ response_model }) => response_model).sort()).toContain('claude-sonnet-5-5');
  });

  it('knows the items that asked for another model by a hash, keyed where there is a key', () => {
    const { otherRequestModels, requestModel } = owner as {
      otherRequestModels: Record<string, string>;
      requestModel: string;
    };
    expect([requestModel, Object.values(otherRequestModels)]).toEqual([HAIKU, ['claude-sonnet-5-5']]);
    expect(Object.keys(otherRequestModels)).toEqual([expect.stringMatching(/^[\w-]{22}$/)]);
  });
});
