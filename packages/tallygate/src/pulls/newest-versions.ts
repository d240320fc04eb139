import type { ReportVersion } from '@tallygate/usage';

/** Of each question to each organization of the provider the last answer. @param versions the oldest pull of a question first, as they are listed. */
export function newestVersions(versions: readonly ReportVersion[]): ReportVersion[] {
  const questionOf = ({ providerOrganizationId, report, fromMs, toMs }: ReportVersion) =>
    JSON.stringify([providerOrganizationId, report, fromMs, toMs]);
  return [...new Map(versions.map((version) => [questionOf(version), version])).values()];
}
