import type { SpendHistory } from '@tallygate/usage';

/** What an event says that never learned from an answer whose it was: an import, a call that was not answered. */
const UNKNOWN = '';

/** Of several organizations of the provider the one that a bill is of; the first takes what names none. */
export interface ProviderOfBill {
  organizationId: string | null;
  isFirst: boolean;
}

/**
 * The ledger as one organization of the provider is compared with it: its rows, and results that say whose they are. Rows that
 * name none are counted with the first that is listed, so that they are seen, and seen once.
 */
export function historyOfProvider(
  history: SpendHistory,
  { organizationId, isFirst }: ProviderOfBill,
): SpendHistory {
  if (organizationId === null) return history;
  const providerOrganizationId = isFirst ? [organizationId, UNKNOWN] : [organizationId];
  return {
    ...history,
    spend: (query) => history.spend({ ...query, filter: { ...query.filter, providerOrganizationId } }),
    saveReport: (report) => history.saveReport({ ...report, providerOrganizationId: organizationId }),
  };
}
