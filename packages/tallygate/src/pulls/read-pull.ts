import { readStoredReport, type StoredLines } from '@tallygate/admin-api';
import type { ReportVersion, ReportVersions } from '@tallygate/usage';

/** The lines of a stored version; null where it is not there, or is of a report that this version does not know. */
export async function readPull(
  versions: Pick<ReportVersions, 'read'>,
  version: ReportVersion,
): Promise<StoredLines | null> {
  const stored = await versions.read(version);
  if (stored === null) return null;
  const [report = '', ...words] = version.report.split('?');
  const question = words.join('?');
  const { pulledAtMs } = version;
  return readStoredReport({
    ...{ ...stored, report, question, pulledAtMs },
    body: stored.body as Record<string, unknown>,
  });
}
