import { TallygateError } from '@tallygate/usage';
import type { ProviderOrganization } from './file-provider-organizations.ts';
import type { LoadedConfig } from './load.ts';

/** Whose reports of the provider can be read, and by which keys. */
export interface ProviderAccess {
  /** Null: that of the one key that is set, whichever it is. */
  organizationId: string | null;
  keys: [AdminKey, ...AdminKey[]];
  /** Base URL of the provider's reports; null: the provider's own. */
  providerUrl: string | null;
}

interface AdminKey {
  variable: string;
  apiKey: string;
}

type Environment = Record<string, string | undefined>;

/**
 * Every organization of the provider that tallygate.yaml lists, or the one of ANTHROPIC_ADMIN_KEY; empty where neither is set.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for a listed variable that is not set.
 */
export function providerAccesses(
  { config, desired }: LoadedConfig,
  environment: Environment,
): ProviderAccess[] {
  const { adminKey, providerUrl } = config;
  const listed = desired?.providerOrganizations ?? [];
  if (listed.length > 0) return listed.map((one) => accessTo(one, environment, providerUrl));
  if (adminKey === null) return [];
  return [
    { organizationId: null, keys: [{ variable: 'ANTHROPIC_ADMIN_KEY', apiKey: adminKey }], providerUrl },
  ];
}

/**
 * The one that is meant.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` where no admin key is set, `TALLYGATE_REQUEST_INVALID` where several are
 * and none is named, or the named one is not there.
 */
export function chosenAccess(accesses: readonly ProviderAccess[], id: string | undefined): ProviderAccess {
  if (accesses.length === 0) throw noAdminKey();
  const ids = accesses.map(({ organizationId }) => organizationId);
  const chosen = id === undefined ? accesses : accesses.filter(({ organizationId }) => organizationId === id);
  const [only, ...more] = chosen;
  if (only !== undefined && more.length === 0) return only;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message:
      id === undefined
        ? 'tallygate.yaml lists several organizations of the provider, and none was named.'
        : 'No organization of the provider with that id is listed in tallygate.yaml.',
    cure: `Name one: --provider-organization ${ids.join(' or ')}.`,
  });
}

export function noAdminKey(): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: "The provider's reports need an admin key, and none is set.",
    cure: 'Set ANTHROPIC_ADMIN_KEY to an admin key of the organization (sk-ant-admin01-…).',
  });
}

function accessTo(
  { id, adminKeys }: ProviderOrganization,
  environment: Environment,
  providerUrl: string | null,
): ProviderAccess {
  const keyIn = (variable: string): AdminKey => {
    const apiKey = environment[variable];
    if (apiKey) return { variable, apiKey };
    throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
      message: `The admin key of the provider organization ${id} is to be in ${variable}, which is not set.`,
      cure: `Set ${variable}, or take it out of providerOrganizations in tallygate.yaml.`,
    });
  };
  const [first, ...others] = adminKeys;
  return { organizationId: id, keys: [keyIn(first), ...others.map(keyIn)], providerUrl };
}
