import { type AdminApi, createAdminApi } from '@tallygate/admin-api';
import { type Logger, TallygateError } from '@tallygate/usage';
import type { ResolvedConfig } from '../configuration/resolved.ts';
import type { PullHooks } from '../pulls/index.ts';

/** @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` where no admin key is set. */
export function openAdminApi(
  { adminKey, providerUrl }: ResolvedConfig,
  logger: Logger,
  hooks?: PullHooks,
): AdminApi {
  if (adminKey === null) {
    throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
      message: "The provider's reports need an admin key, and none is set.",
      cure: 'Set ANTHROPIC_ADMIN_KEY to an admin key of the organization (sk-ant-admin01-…).',
    });
  }
  return createAdminApi({
    apiKey: adminKey,
    logger,
    ...(providerUrl === null ? {} : { baseUrl: providerUrl }),
    ...hooks,
  });
}
