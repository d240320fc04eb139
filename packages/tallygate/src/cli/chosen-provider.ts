import type { LoadedConfig } from '../configuration/load.ts';
import { invalidRequest } from '../invalid-request.ts';
import type { ProviderOfBill } from '../provider/index.ts';

/**
 * Whose bill or invoice it is, where tallygate.yaml lists several; no key of theirs is needed. Null: it lists none.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` where several are listed and none is named, or the named one is not listed.
 */
export function chosenProvider(
  { desired }: LoadedConfig,
  { providerOrganization: id }: { providerOrganization?: string },
): ProviderOfBill | null {
  const ids = (desired?.providerOrganizations ?? []).map((one) => one.id);
  const [only, ...more] = id === undefined ? ids : ids.filter((one) => one === id);
  if (only !== undefined && more.length === 0) return { organizationId: only, isFirst: only === ids[0] };
  if (ids.length === 0 && id === undefined) return null;
  throw invalidRequest(
    'Which organization of the provider the bill is of, is not said.',
    `Name one that tallygate.yaml lists: --provider-organization ${ids.join(' or ') || '…'}.`,
  );
}
