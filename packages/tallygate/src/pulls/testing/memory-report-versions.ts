import { createHash } from 'node:crypto';
import { type ReportVersions, type StoredReportVersion, toWireJson } from '@tallygate/usage';

/** For tests: versions in this process, and what was kept of each. */
export interface MemoryReportVersions extends ReportVersions {
  kept: StoredReportVersion[];
}

export function memoryReportVersions(): MemoryReportVersions {
  const kept: StoredReportVersion[] = [];
  const isOf = (asked: object) => (version: StoredReportVersion) =>
    Object.entries(asked).every(([name, value]) => name === 'body' || version[name as 'report'] === value);
  return {
    kept,
    async append(pull) {
      const body = toWireJson(pull.body);
      const bodyHash = createHash('sha256').update(body).digest('hex');
      const stored = { ...pull, bodyHash, body: JSON.parse(body) as unknown };
      if (!kept.some(isOf(stored))) kept.push(stored);
      return headOf(stored);
    },
    newest: async (question) => kept.filter(isOf(question)).at(-1) ?? null,
    list: async ({ organization, fromMs, toMs }) =>
      kept
        .filter((one) => one.organization === organization && one.fromMs < toMs && one.toMs > fromMs)
        .map(headOf),
    read: async (version) => kept.find(isOf(version)) ?? null,
  };
}

function headOf({ body: _kept, ...head }: StoredReportVersion) {
  return head;
}
