import Anthropic from '@anthropic-ai/sdk';
import { configurationSnapshotSchema, emptyConfiguration, nanoFromUsd } from '@tallygate/usage';
import { openTallygate, type TallygateRuntime, tallygate } from 'tallygate';
import { BATCH_ID, REQUESTS } from '../meter/batch-rig.ts';
import { answerCommands } from '../owner/answer-commands.ts';

/** An application that creates a batch or reads its results, as a process of its own that a test commands and kills. */
const organization = process.env['TALLYGATE_ORGANIZATION'] ?? '';
const tally = tallygate({ mode: 'enforce' });
const baseURL = process.env['PROVIDER_URL'] ?? '';
const { batches } = tally.wrap(new Anthropic({ apiKey: 'test', baseURL, maxRetries: 0 })).messages;
let opening: Promise<TallygateRuntime> | null = null;
const opened = () => {
  opening ??= openTallygate({ mode: 'enforce' });
  return opening;
};

const COMMANDS = {
  open: async () => (await opened()).role,
  async publish() {
    const { gate, history } = await opened();
    const budget = { id: 'all', scope: {}, period: 'month', timeZone: 'UTC', onOutage: 'block' } as const;
    const budgets = [{ ...budget, limit: nanoFromUsd('10') }];
    const snapshot = { ...emptyConfiguration(organization), version: 1, budgets };
    await gate.publish(snapshot);
    const said = { actor: 'a', reason: 'r', publishedAtMs: Date.now(), before: null };
    const after = configurationSnapshotSchema.encode(snapshot);
    await history?.saveConfigVersion({ organization, version: 1, ...said, after });
  },
  create: async () => (await batches.create(REQUESTS)).id,
  async readResults() {
    let items = 0;
    for await (const _item of await batches.results(BATCH_ID)) items += 1;
    await tally.flush();
    return items;
  },
  held: async () => (await (await opened()).gate.balances())[0]?.held,
  /** Who was charged how much, by the ledger and by the budget. */
  async account() {
    const { gate, history, sink } = await opened();
    await sink.adopt();
    await sink.flush();
    const range = { organization, fromMs: 0, toMs: 4_000_000_000_000 };
    const rows = await history?.spend({ ...range, by: 'budget', groupBy: ['team'] });
    const [balance] = await gate.balances();
    const { totals = [] } = (await history?.settledTotals(organization)) ?? {};
    return {
      charged: rows?.map(({ group, attempts }) => [group.team, attempts]),
      ledgerNanoUsd: rows?.reduce((sum, row) => sum + row.contractedCostNanoUsd, 0n),
      settledNanoUsd: totals.reduce((sum, { amount }) => sum + amount, 0n),
      spentNanoUsd: balance?.spent,
      held: balance?.held,
    };
  },
};

export type BatchCommands = typeof COMMANDS;

answerCommands(COMMANDS);
