import type { Reconciliation } from '@tallygate/reconcile';
import type { SpendHistory, StoredReport } from '@tallygate/usage';
import { fromStoredReport } from './stored-reconciliation.ts';

/** What was found of one bill. */
export interface LastReconciliation {
  reportId: string;
  /** Whose bill it is, where tallygate.yaml lists several organizations of the provider; else null. */
  providerOrganizationId: string | null;
  reconciliation: Reconciliation;
}

/**
 * The newest stored reconciliation of each bill, by the id of its organization; with a range, of exactly that one. Empty: none is stored.
 *
 * @throws TallygateError `TALLYGATE_VERSION_UNSUPPORTED` for one that this version cannot read.
 */
export async function lastReconciliations(
  history: Pick<SpendHistory, 'lastReports'>,
  organization: string,
  range?: { fromMs: number; toMs: number },
): Promise<LastReconciliation[]> {
  const stored = ofEachBill(await history.lastReports(organization, range));
  return stored
    .map((report) => ({
      reportId: report.reportId,
      providerOrganizationId: report.providerOrganizationId || null,
      reconciliation: fromStoredReport(report),
    }))
    .sort((left, right) =>
      (left.providerOrganizationId ?? '') < (right.providerOrganizationId ?? '') ? -1 : 1,
    );
}

/** What was stored before tallygate.yaml listed organizations, or after, is about the same bill as theirs: the newer way counts. */
function ofEachBill(newestFirst: readonly StoredReport[]): StoredReport[] {
  const isNamed = ({ providerOrganizationId }: StoredReport) => providerOrganizationId !== '';
  const [newest] = newestFirst;
  return newest === undefined || isNamed(newest) ? newestFirst.filter(isNamed) : [newest];
}
