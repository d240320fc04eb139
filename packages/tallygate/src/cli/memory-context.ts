import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryGate } from '@tallygate/gate';
import {
  alertId,
  type BudgetGate,
  type ConfigVersionRecord,
  type DenialRecord,
  type EstimateAccuracy,
  type FinanceRecord,
  type FinanceRecords,
  type LedgerCounts,
  type SentAlert,
  type SentAlerts,
  type SettledTotal,
  type SettlementGap,
  type SpendHistory,
  type StoredReport,
  silentLogger,
  TallygateError,
  toWireJson,
  type UnknownUsage,
  type UsageAnswer,
  type UsageQuestion,
} from '@tallygate/usage';

import type { ResolvedConfig } from '../configuration/resolved.ts';
import { openProvider } from '../provider/index.ts';
import { type MemoryReportVersions, memoryReportVersions } from '../pulls/testing/memory-report-versions.ts';
import type { CliContext, CliRuntime } from './context.ts';
import { runCli } from './program.ts';
import { usageAnswer } from './usage-fixtures.ts';

/**
 * For tests of commands: a context without a process. The gate is the real one in process, files are real ones in a directory
 * of their own; the ledger answers from the rows that the test gives.
 */
export interface MemoryCli {
  /** Runs one command line; what it printed starts empty each time. */
  run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  directory: string;
  gate: BudgetGate;
  history: MemoryHistory;
  /** Settings of every runtime that was opened, and whether it was closed again. */
  opened: { config: ResolvedConfig; closed: boolean }[];
  context: CliContext;
}

export interface MemoryHistory extends SpendHistory {
  reportVersions: MemoryReportVersions;
  questions: UsageQuestion[];
  /** What `usage` answers. */
  answer: UsageAnswer;
  records: ConfigVersionRecord[];
  denials: DenialRecord[];
  rowCounts: LedgerCounts;
  unknown: UnknownUsage[];
  accuracy: EstimateAccuracy[];
  totals: SettledTotal[];
  gaps: SettlementGap[];
}

/** Saturday, 21 November 2026, noon. */
export const NOW_MS = Date.UTC(2026, 10, 21, 12);

export function memoryCli(changes: Partial<CliContext & { runtime: Partial<CliRuntime> }> = {}): MemoryCli {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-cli-'));
  const clock = { nowMs: () => NOW_MS, monotonicMs: () => 0 };
  const gate = createMemoryGate({ organization: 'default', clock });
  const history = memoryHistory();
  const opened: MemoryCli['opened'] = [];
  const printed = { stdout: '', stderr: '' };
  const print = (stream: keyof typeof printed, text: string) => {
    printed[stream] += text;
  };
  const { runtime, ...overrides } = changes;
  const context: CliContext = {
    stdout: { write: (text) => print('stdout', text) },
    stderr: { write: (text) => print('stderr', text) },
    environment: {},
    workingDirectory: directory,
    clock,
    actor: 'ann',
    userId: process.getuid?.() ?? null,
    versions: { tallygate: '1.2.3', node: 'v20.20.2', chdb: '3.4.0' },
    async openRuntime(config) {
      const entry = { config, closed: false };
      opened.push(entry);
      const close = async () => {
        entry.closed = true;
      };
      const sink = sinkThat(0);
      const elsewhere = () => Promise.reject(new TypeError('This test moves no rows.'));
      const ledgerWork = { exportDays: elsewhere, rebuild: elsewhere };
      return { role: 'owner', organization: 'default', gate, sink, history, ledgerWork, close, ...runtime };
    },
    openAdminApi: (access, hooks) => openProvider(access, silentLogger, hooks),
    inspectRedis: async () => ({ keeping: [{ policy: 'noeviction', survives: 'file' }], gates: [] }),
    reconcileDays: () => Promise.reject(new TypeError('This test reconciles nothing.')),
    ownerSocketPath: () => join(directory, 'owner.sock'),
    untilStopped: async () => undefined,
    pause: async () => undefined,
    ...overrides,
  };
  return {
    directory,
    gate,
    history,
    opened,
    context,
    async run(...argv) {
      printed.stdout = '';
      printed.stderr = '';
      const code = await runCli(argv, context);
      return { code, ...printed };
    },
  };
}

/** Forgets what is recorded; after a flush that many records wait. */
export function sinkThat(pending: number): CliRuntime['sink'] {
  const ignore = () => undefined;
  return {
    recordOutcome: ignore,
    recordSettlement: ignore,
    recordDenial: ignore,
    flush: async () => ({ stored: 0, pending }),
  };
}

export function writeFile(cli: MemoryCli, text: string, name = 'tallygate.yaml'): void {
  writeFileSync(join(cli.directory, name), text);
}

function memoryHistory(): MemoryHistory {
  const reports: StoredReport[] = [];
  const history: MemoryHistory = {
    questions: [],
    answer: usageAnswer([]),
    records: [],
    rowCounts: { events: 7, lines: 8, duplicates: 0, settlements: 6, denials: 1 },
    unknown: [],
    spend: async () => [],
    async usage(question) {
      history.questions.push(question);
      return history.answer;
    },
    counts: async () => history.rowCounts,
    unknownUsage: async () => history.unknown,
    accuracy: [],
    estimates: async () => history.accuracy,
    totals: [],
    gaps: [],
    settledTotals: async () => ({ lastSeq: 0, totals: history.totals }),
    settlementGaps: async () => history.gaps,
    usagePage: async () => ({ events: [], next: null }),
    knownEvents: async () => [],
    async lastReports(_organization, range) {
      const isAsked = ({ fromMs, toMs }: StoredReport) =>
        range === undefined || (fromMs === range.fromMs && toMs === range.toMs);
      const asked = reports.filter(isAsked).map((one) => [one.providerOrganizationId, one] as const);
      return [...new Map(asked).values()].reverse();
    },
    saveReport: async (report) => void reports.push(report),
    lastConfigVersion: async () => history.records.at(-1) ?? null,
    denials: [],
    denial: async ({ denialId }) => history.denials.find((row) => row.denialId === denialId) ?? null,
    configVersion: async ({ version }) => history.records.find((row) => row.version === version) ?? null,
    saveConfigVersion: async (record) => void history.records.push(record),
    ...memoryAlerts(),
    reportVersions: memoryReportVersions(),
    ...memoryFinance(),
  };
  return history;
}

function memoryFinance(): FinanceRecords {
  const records: FinanceRecord[] = [];
  const nameOf = ({ kind, subject, number }: FinanceRecord) => JSON.stringify([kind, subject, number]);
  return {
    async appendFinanceRecord(record) {
      const known = records.find((one) => nameOf(one) === nameOf(record));
      if (known !== undefined && known.recordId !== record.recordId)
        throw new TallygateError('TALLYGATE_RECORD_OUTDATED', { message: 'Somebody else was first.' });
      // As a ledger keeps it: what comes back is JSON, whatever was given.
      records.push({ ...record, body: JSON.parse(toWireJson(record.body)) });
    },
    financeRecords: async ({ kind, subject }) =>
      records.filter((one) => one.kind === kind && (subject === undefined || one.subject === subject)),
  };
}

function memoryAlerts(): SentAlerts {
  const sent = new Map<string, SentAlert>();
  return {
    async recordAlert(alert) {
      const known = sent.get(alertId(alert)) ?? { ...alert, outcome: 'waiting', detail: '', endedAtMs: null };
      sent.set(alertId(alert), known);
      return known;
    },
    endAlert: async (alert) => void sent.set(alertId(alert), alert),
    sentAlerts: async () => [...sent.values()],
  };
}
