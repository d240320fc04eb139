import type { FileContent } from './file-schema.ts';
import type { LocatedDocument } from './yaml-document.ts';

/** One organization of the provider whose bill is ours, and where its admin keys are: never the keys. */
export interface ProviderOrganization {
  /** As the provider names it in the header `anthropic-organization-id`. */
  id: string;
  /** Environment variables; what one key may not read, the next one is asked. */
  adminKeys: [string, ...string[]];
}

/** @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for an organization that is listed twice: its bill would count twice. */
export function providerOrganizationsFrom(
  { providerOrganizations }: FileContent,
  document: LocatedDocument,
): { providerOrganizations?: ProviderOrganization[] } {
  const known = new Set<string>();
  for (const [index, { id }] of providerOrganizations.entries()) {
    const path = ['providerOrganizations', index, 'id'];
    if (known.has(id)) throw document.invalid(path, `"${id}" is already listed`, 'List its keys together.');
    known.add(id);
  }
  return providerOrganizations.length === 0 ? {} : { providerOrganizations };
}
