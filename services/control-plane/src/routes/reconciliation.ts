import { TallygateError } from '@tallygate/usage';
import type { Handler } from 'hono';
import { fromStoredReport } from 'tallygate';
import { answerJson } from '../answers.ts';
import { toDocument } from '../document.ts';
import type { RouteParts } from './parts.ts';

/** `GET /v1/reconciliation`: the last stored one in full, evidence included. */
export function reconciliation({ runtime }: RouteParts): Handler {
  const { organization, remoteBackend } = runtime;
  return async (context) => {
    const [report] = await remoteBackend.history.lastReports(organization);
    if (report === undefined) {
      throw new TallygateError('TALLYGATE_REPORT_MISSING', {
        message: `Nothing of "${organization}" has been reconciled with the provider's bill yet.`,
      });
    }
    // `version` is that of the stored form; what is answered has a schema of its own.
    const { version: _stored, ...body } = fromStoredReport(report);
    const { reportId } = report;
    return answerJson(context, {
      schema: 'tallygate.reconciliation/2',
      reportId,
      ...toDocument(body),
    });
  };
}
